// SPDX-License-Identifier: BSD-2-Clause
#include "source/kube_config.h"

#include <resolv.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"
#include "object/documents.h"
#include "object/field.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define FILE_MAX	(1u << 20)

void kube_config_free(struct kube_config *config)
{
	free(config->server);
	free(config->ca);
	free(config->cert);
	free(config->key);
	free(config->token);
	free(config->token_file);
	free(config->proxy);
	*config = (struct kube_config){};
}

static void kube_config_release(struct kube_config *config)
{
	kube_config_free(config);
}

static void set(char **to, char *value)
{
	free(*to);
	*to = value;
}

/* --- a kubeconfig ------------------------------------------------------------ */

/* One of the named items of a list. */
struct search {
	const char *list; /* "clusters" */
	const char *item; /* "cluster" */
	const char *name;
	struct kube_config *config;
	const struct member *members;
	size_t n_members;
	char *cluster, *user; /* of a context */
	bool found;
};

static void read_text(const struct field *field, char **to)
{
	const char *text = field_string(field);

	if (text)
		set(to, xstrdup(text));
}

/* Relative to the kubeconfig. */
static char *path_of(const struct field *field)
{
	const char *text = field_string(field);
	const char *slash = strrchr(field->report->file, '/');

	if (!text)
		return NULL;
	if (text[0] == '/' || !slash)
		return xstrdup(text);
	return xasprintf("%.*s/%s", (int)(slash - field->report->file), field->report->file, text);
}

static void read_file(const struct field *field, char **to)
{
	_cleanup_free_ char *path = path_of(field);
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	if (!path)
		return;
	r = file_read(path, FILE_MAX, &text, &length);
	if (r < 0)
		field_error(field, "can't be read: %s", strerror(-r));
	else
		set(to, TAKE_PTR(text));
}

static void read_base64(const struct field *field, char **to)
{
	const char *text = field_string(field);
	_cleanup_free_ char *plain = text ? xcalloc(strlen(text) + 1, 1) : NULL;

	if (!text)
		return;
	if (b64_pton(text, (unsigned char *)plain, strlen(text)) < 0)
		field_error(field, "is no base64");
	else
		set(to, TAKE_PTR(plain));
}

#define READER(name, how, member)                                       \
	static void name(const struct field *field, void *target)       \
	{                                                               \
		how(field, &((struct search *)target)->config->member); \
	}

READER(read_server, read_text, server)
READER(read_proxy, read_text, proxy)
READER(read_ca_file, read_file, ca)
READER(read_ca_data, read_base64, ca)
READER(read_cert_file, read_file, cert)
READER(read_cert_data, read_base64, cert)
READER(read_key_file, read_file, key)
READER(read_key_data, read_base64, key)
READER(read_token, read_text, token)

static void read_insecure(const struct field *field, void *target)
{
	field_bool(field, &((struct search *)target)->config->insecure);
}

static void read_token_file(const struct field *field, void *target)
{
	set(&((struct search *)target)->config->token_file, path_of(field));
}

static void refuse_way(const struct field *field, void *target)
{
	field_key_error(field, "is a way to authenticate that weir doesn't have: it runs no other program (use a "
			       "client certificate, a token or a tokenFile)");
}

static void refuse_server_name(const struct field *field, void *target)
{
	field_key_error(field, "isn't supported (name the server as its certificate does)");
}

static void read_context_cluster(const struct field *field, void *target)
{
	read_text(field, &((struct search *)target)->cluster);
}

static void read_context_user(const struct field *field, void *target)
{
	read_text(field, &((struct search *)target)->user);
}

static const struct member context_members[] = {
	{ "cluster", read_context_cluster },
	{ "user", read_context_user },
};

static const struct member cluster_members[] = {
	{ "server", read_server },
	{ "tls-server-name", refuse_server_name },
	{ "certificate-authority", read_ca_file },
	{ "certificate-authority-data", read_ca_data },
	{ "insecure-skip-tls-verify", read_insecure },
	{ "proxy-url", read_proxy },
};

static const struct member user_members[] = {
	{ "client-certificate", read_cert_file },
	{ "client-certificate-data", read_cert_data },
	{ "client-key", read_key_file },
	{ "client-key-data", read_key_data },
	{ "token", read_token },
	{ "tokenFile", read_token_file },
	{ "exec", refuse_way },
	{ "auth-provider", refuse_way },
	{ "username", refuse_way },
	{ "password", refuse_way },
};

static void read_named(const struct field *item, void *target)
{
	struct search *search = target;
	struct field name, inside;
	const char *text;

	if (!field_is_mapping(item) || !field_member(item, "name", &name))
		return;
	text = field_string(&name);
	if (!text || strcmp(text, search->name) != 0 || search->found)
		return;
	search->found = true;
	if (field_member(item, search->item, &inside))
		field_read_members(&inside, search->members, search->n_members, 0, search);
}

static void find_named(const struct field *document, struct search *search)
{
	struct field list;

	if (field_member(document, search->list, &list))
		field_read_items(&list, read_named, search);
	if (!search->found)
		field_error(document, "%s has no %s " QUOTE, search->list, search->item, QUOTED(search->name));
}

static void check_server(const struct field *document, struct kube_config *config)
{
	size_t length;

	if (!config->server) {
		field_error(document, "the cluster has no server");
		return;
	}
	if (strncmp(config->server, "https://", 8) != 0)
		field_error(document, "the server " QUOTE " must begin with https://", QUOTED(config->server));
	for (length = strlen(config->server); length && config->server[length - 1] == '/'; length--)
		config->server[length - 1] = '\0';
}

static void read_kubeconfig(const struct field *document, struct kube_config *config)
{
	struct field current;
	const char *name = NULL;

	if (!field_is_mapping(document))
		return;
	if (!field_member(document, "current-context", &current) || !(name = field_string(&current)) || !*name) {
		field_error(document, "current-context is missing (kubectl config use-context NAME sets it)");
		return;
	}
	struct search context = { "contexts", "context", name, config, context_members, ARRAY_SIZE(context_members),
				  NULL,	      NULL,	 false };
	find_named(document, &context);
	if (context.found && (!context.cluster || !context.user)) {
		field_error(document, "the context " QUOTE " must name a cluster and a user", QUOTED(name));
	} else if (context.found) {
		struct search cluster = { "clusters",
					  "cluster",
					  context.cluster,
					  config,
					  cluster_members,
					  ARRAY_SIZE(cluster_members),
					  NULL,
					  NULL,
					  false };
		struct search user = { "users", "user", context.user, config, user_members, ARRAY_SIZE(user_members),
				       NULL,	NULL,	false };

		find_named(document, &cluster);
		find_named(document, &user);
		if (cluster.found)
			check_server(document, config);
	}
	free(context.cluster);
	free(context.user);
}

static int first_fault(const struct diags *diags, struct error *error)
{
	vec_for_each (diag, &diags->list) {
		if (diag->level == DIAG_ERROR) {
			_cleanup_free_ char *text = diag_format(diag);

			return error_set(error, -EINVAL, "%s", text);
		}
	}
	return 0;
}

int kube_config_read(const char *path, struct kube_config *ret, struct error *error)
{
	struct kube_config config _cleanup_(kube_config_release) = {};
	struct diags diags _cleanup_(diags_free) = {};
	struct report report = { .file = path, .diags = &diags };
	_cleanup_free_ char *text = NULL;
	const struct node *root;
	size_t length;
	int r;

	r = file_read(path, FILE_MAX, &text, &length);
	if (r < 0)
		return error_set(error, r, "read the kubeconfig %s: %s", path, strerror(-r));
	_cleanup_(documents_closep) struct documents *documents = documents_open(&report, text, length);
	root = documents_next(documents);
	if (root)
		read_kubeconfig(&(struct field){ .report = &report, .node = root }, &config);
	else if (!report.n_errors)
		report_error(&report, 1, 1, "the file is empty");
	r = first_fault(&diags, error);
	if (r < 0)
		return r;
	*ret = config;
	config = (struct kube_config){};
	return 0;
}

/* --- inside a pod ------------------------------------------------------------ */

int kube_config_in_cluster(const char *directory, struct kube_config *ret, struct error *error)
{
	struct kube_config config _cleanup_(kube_config_release) = {};
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
	_cleanup_free_ char *ca_file = xasprintf("%s/ca.crt", directory ?: SERVICE_ACCOUNT);
	const char *bracket;
	size_t length;
	int r;

	if (!host || !*host || !port || !*port)
		return error_set(error, -ENOENT,
				 "this is no pod: KUBERNETES_SERVICE_HOST and _PORT are not set (use --kubeconfig "
				 "FILE outside of the cluster)");
	r = file_read(ca_file, FILE_MAX, &config.ca, &length);
	if (r < 0)
		return error_set(error, r, "read the service account's authority %s: %s", ca_file, strerror(-r));
	bracket = strchr(host, ':') ? "[" : "";
	config.server = xasprintf("https://%s%s%s:%s", bracket, host, *bracket ? "]" : "", port);
	config.token_file = xasprintf("%s/token", directory ?: SERVICE_ACCOUNT);
	*ret = config;
	config = (struct kube_config){};
	return 0;
}
