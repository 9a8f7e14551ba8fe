// SPDX-License-Identifier: BSD-2-Clause
#include "agent/ui.h"

#include <string.h>

#include "agent/api.h"
#include "agent/listen.h"
#include "agent/reconcile.h"
#include "base/addr.h"
#include "base/log.h"
#include "base/mem.h"
#include "ui_page.h"
#include "version.h"

#define OFF "off"

/* The page runs its own script and style and reads its own data; whatever else a browser could do is forbidden. */
static const struct http_header headers[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src " UI_SCRIPT_HASHES "; style-src " UI_STYLE_HASHES
	  "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
	  "require-trusted-types-for 'script'; trusted-types 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Permissions-Policy", "camera=(), geolocation=(), microphone=()" },
	{ "Cache-Control", "no-store" },
	{ 0 },
};

static void page(void *data, const struct http_request *request, struct http_reply *reply)
{
	reply->text = xstrndup((const char *)ui_page, sizeof(ui_page));
	reply->content_type = "text/html; charset=utf-8";
}

/* What the page's head shows; a status without what only the node's own people need to know. */
static void head(void *data, const struct http_request *request, struct http_reply *reply)
{
	const struct agent *agent = data;

	reply->json = json_pack("{s:s, s:o, s:b, s:I, s:b, s:o, s:I}", "version", WEIR_VERSION, "node",
				api_text(agent->config->node), "enforcing", agent->revision != 0, "revision",
				(json_int_t)agent->revision, "settled", agent_settled(agent), "degraded",
				api_degraded(agent), "shields", (json_int_t)agent->shields.up.n);
}

/* What the page shows is answered as on the control socket, and nothing else of that is. */
static const char *const shared[] = { "/v1/pairs", "/v1/limits" };

static struct http_route routes[2 + ARRAY_SIZE(shared)] = {
	{ "GET", "/", page },
	{ "GET", "/v1/status", head },
};

static size_t add_shared(size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		for (size_t j = 0; j < api_socket_n_routes; j++) {
			const struct http_route *route = &api_socket_routes[j];

			if (strcmp(route->path, shared[i]) == 0 && strcmp(route->method, "GET") == 0) {
				routes[n++] = *route;
				break;
			}
		}
	}
	return n;
}

/* The address of "ADDR:PORT", "[ADDR]:PORT" or of either without a port; NULL when it is neither. The caller frees. */
static char *address_of(const char *text)
{
	const char *end = *text == '[' ? strchr(text, ']') : text + strcspn(text, ":");

	if (!end)
		return NULL;
	if (*text != '[')
		return xstrndup(text, (size_t)(end - text));
	return end[1] == '\0' || end[1] == ':' ? xstrndup(text + 1, (size_t)(end - text - 1)) : NULL;
}

bool ui_host_is_ours(const char *host)
{
	_cleanup_free_ char *name = address_of(host);
	struct addr addr;

	return name && (strcasecmp(name, "localhost") == 0 || addr_parse(name, &addr) == 0);
}

bool ui_is_loopback(const char *address)
{
	_cleanup_free_ char *name = address_of(address);
	static const struct addr six = { .family = WEIR_IPV6, .bytes = { [15] = 1 } };
	struct addr addr;

	if (!name || addr_parse(name, &addr) < 0)
		return false;
	return addr.family == WEIR_IPV4 ? addr.bytes[0] == 127 : addr_compare(&addr, &six) == 0;
}

static bool admits(void *data, const struct http_request *request, struct http_reply *reply)
{
	const char *host = http_request_header(request, "Host");

	if (host && ui_host_is_ours(host))
		return true;
	http_fail(reply, HTTP_MISDIRECTED, "this page is not served under that name (use the address, or localhost)");
	return false;
}

void ui_open(struct agent *agent, uv_loop_t *loop)
{
	const struct http_service service = {
		.routes = routes, .n_routes = add_shared(2), .data = agent, .headers = headers, .admits = admits
	};
	const char *address = agent->config->ui;
	struct error error = {};
	int fd;

	if (strcmp(address, OFF) == 0)
		return;
	fd = listen_tcp("ui", address, &error);
	if (fd < 0 || http_start(loop, fd, &service, &agent->ui, &error) < 0) {
		log_warning("the service map is not served: %s (choose another --ui)", error.text);
		return;
	}
	log_info("the service map is at http://%s/", address);
	if (!ui_is_loopback(address))
		log_warning("whoever reaches %s sees the service map, without a password and unencrypted "
			    "(use a loopback address and a tunnel)",
			    address);
}
