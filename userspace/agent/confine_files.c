// SPDX-License-Identifier: BSD-2-Clause
/* The files and ports of docs/security.md, as rules of Landlock. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "agent/confine.h"
#include "agent/landlock.h"
#include "base/mem.h"

#define DNS_PORT   53
#define PROXY_PORT 1080 /* libcurl's, where a proxy's address has none */

struct path_rule {
	const char *path;
	enum landlock_access access;
};

/* What every agent and its libraries read: about the process and the kernel, and code that is loaded late. */
static const struct path_rule always[] = {
	{ "/proc", LANDLOCK_READ },
	{ "/sys/kernel/btf", LANDLOCK_READ },
	{ "/sys/devices/system/cpu", LANDLOCK_READ },
	{ "/dev/null", LANDLOCK_READ },
	{ "/dev/urandom", LANDLOCK_READ },
	{ "/lib", LANDLOCK_READ },
	{ "/lib64", LANDLOCK_READ },
	{ "/usr/lib", LANDLOCK_READ },
	{ "/usr/lib64", LANDLOCK_READ },
	{ "/usr/local/lib", LANDLOCK_READ },
	{ "/usr/share/zoneinfo", LANDLOCK_READ },
	{ "/etc/ld.so.cache", LANDLOCK_READ },
	{ "/etc/localtime", LANDLOCK_READ },
};

/* TLS: the system's authorities and settings. */
static const struct path_rule to_connect[] = {
	{ "/etc/ssl/certs", LANDLOCK_READ },
	{ "/etc/ssl/openssl.cnf", LANDLOCK_READ },
	{ "/etc/pki/tls/certs", LANDLOCK_READ },
	{ "/etc/pki/ca-trust", LANDLOCK_READ },
	{ "/etc/crypto-policies", LANDLOCK_READ },
	{ "/usr/share/ca-certificates", LANDLOCK_READ },
	{ "/usr/share/pki", LANDLOCK_READ },
	{ "/usr/local/share/ca-certificates", LANDLOCK_READ },
	{ "/usr/share/crypto-policies", LANDLOCK_READ },
};

/*
 * Names: resolv.conf and others are replaced by new files of their names, so no
 * rule about the files of today would last. Who names servers by address needs
 * none of it.
 */
static const struct path_rule to_resolve[] = {
	{ "/etc", LANDLOCK_READ_FILES },
	{ "/run/systemd/resolve", LANDLOCK_READ },
	{ "/run/resolvconf", LANDLOCK_READ },
	{ "/run/NetworkManager", LANDLOCK_READ },
};

static int allow_all(const struct landlock *landlock, const struct path_rule *rules, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = landlock_allow(landlock, rules[i].path, rules[i].access);
	return r;
}

/*
 * Of a directory or file that may be replaced by another of its name, what is
 * above it; but not the root of everything.
 */
static int allow_above(const struct landlock *landlock, const char *path)
{
	_cleanup_free_ char *copy = xstrdup(path);
	const char *above = dirname(copy);

	return landlock_allow(landlock, strcmp(above, "/") == 0 ? path : above, LANDLOCK_READ);
}

/* The path as it is said, and what it leads to by links now. */
static int allow_source(const struct landlock *landlock, const char *path)
{
	_cleanup_free_ char *real = realpath(path, NULL);

	const int r = allow_above(landlock, path);

	return r < 0 || !real ? r : allow_above(landlock, real);
}

static int allow_own(const struct landlock *landlock, const struct agent_config *config)
{
	int r = landlock_allow(landlock, config->state_dir, LANDLOCK_WRITE)
			?: landlock_allow(landlock, config->run_dir, LANDLOCK_WRITE)
			?: landlock_allow(landlock, config->bpffs, LANDLOCK_PIN);

	for (size_t i = 0; r == 0 && i < config->directories.n; i++)
		r = allow_source(landlock, config->directories.items[i]);
	return r;
}

static bool is_address(const char *host)
{
	struct in6_addr in6;

	return *host == '[' || inet_pton(AF_INET, host, &in6) == 1 || inet_pton(AF_INET6, host, &in6) == 1;
}

/* Its port, and whether its name has to be looked up. */
static int allow_url(const struct landlock *landlock, const char *text, unsigned long port, bool *names)
{
	const unsigned by_scheme = port ? 0 : CURLU_DEFAULT_PORT;
	char *host = NULL, *digits = NULL;
	CURLU *url = curl_url();

	if (url && curl_url_set(url, CURLUPART_URL, text, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK) {
		if (curl_url_get(url, CURLUPART_PORT, &digits, by_scheme) == CURLUE_OK)
			port = strtoul(digits, NULL, 10);
		if (curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
			*names |= !is_address(host);
	}
	curl_free(host);
	curl_free(digits);
	curl_url_cleanup(url);
	return port ? landlock_connect(landlock, (uint16_t)port) : 0;
}

/* That of the kubeconfig, or else whatever libcurl may find in the environment. */
static int allow_proxies(const struct landlock *landlock, const struct kube_config *kube, bool *names)
{
	static const char *const variables[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
	int r = 0;

	if (kube->proxy)
		return allow_url(landlock, kube->proxy, PROXY_PORT, names);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(variables); i++) {
		const char *proxy = getenv(variables[i]);

		r = proxy && *proxy ? allow_url(landlock, proxy, PROXY_PORT, names) : 0;
	}
	return r;
}

static int allow_kube(const struct landlock *landlock, const struct kube_config *kube, bool *names)
{
	int r = allow_url(landlock, kube->server, 0, names) ?: allow_proxies(landlock, kube, names);

	/* The token is replaced by another file, behind links that are replaced. */
	return r < 0 || !kube->token_file ? r : allow_source(landlock, kube->token_file);
}

static int allow_environment(const struct landlock *landlock)
{
	static const char *const variables[] = { "SSL_CERT_FILE", "SSL_CERT_DIR" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(variables); i++) {
		const char *path = getenv(variables[i]);

		r = path && *path ? landlock_allow(landlock, path, LANDLOCK_READ) : 0;
	}
	return r;
}

static int allow_network(const struct landlock *landlock, const struct confine_needs *needs)
{
	const char *collector = needs->config->otlp.endpoint;
	bool names = false;
	int r = 0;

	if (!needs->kube && !collector)
		return 0;
	if (needs->kube)
		r = allow_kube(landlock, needs->kube, &names);
	if (r == 0 && collector)
		r = allow_url(landlock, collector, 0, &names);
	r = r ?: allow_all(landlock, to_connect, ARRAY_SIZE(to_connect)) ?: allow_environment(landlock);
	if (r == 0 && names)
		r = landlock_connect(landlock, DNS_PORT) ?: allow_all(landlock, to_resolve, ARRAY_SIZE(to_resolve));
	return r;
}

int confine_files(const struct confine_needs *needs, int *ret_abi)
{
	const char *notify = getenv("NOTIFY_SOCKET");
	struct landlock landlock;
	int r = landlock_open(notify && *notify == '@', &landlock);

	if (r < 0)
		return r;
	r = allow_all(&landlock, always, ARRAY_SIZE(always))
		    ?: allow_own(&landlock, needs->config)
		    ?: allow_network(&landlock, needs);
	if (r < 0) {
		close(landlock.fd);
		return r;
	}
	*ret_abi = landlock.abi;
	return landlock_enforce(&landlock);
}
