// SPDX-License-Identifier: BSD-2-Clause
#include "cni/request.h"

#include <ctype.h>
#include <net/if.h>
#include <stdarg.h>
#include <string.h>
#include <sys/un.h>

#include "base/mem.h"
#include "base/vec.h"

#define TEXT_MAX	256u
#define TIMEOUT_DEFAULT 10
#define TIMEOUT_MAX	60

enum need { NEED_CONTAINER = 1, NEED_NETNS = 2, NEED_IFNAME = 4, NEED_PREVIOUS = 8, NEED_CONFIG = 16 };

static const struct {
	const char *name;
	int needs;
} commands[CNI_COMMANDS] = {
	[CNI_ADD] = { "ADD", NEED_CONTAINER | NEED_NETNS | NEED_IFNAME | NEED_PREVIOUS | NEED_CONFIG },
	[CNI_DEL] = { "DEL", NEED_CONTAINER | NEED_IFNAME | NEED_CONFIG },
	[CNI_CHECK] = { "CHECK", NEED_CONTAINER | NEED_NETNS | NEED_IFNAME | NEED_PREVIOUS | NEED_CONFIG },
	[CNI_STATUS] = { "STATUS", NEED_CONFIG },
	[CNI_GC] = { "GC", NEED_CONFIG },
	[CNI_VERSION] = { "VERSION", 0 },
};

static const char *const versions[] = { "0.3.0", "0.3.1", "0.4.0", "1.0.0", CNI_VERSION_NEWEST };

int cni_fail(struct cni_error *error, enum cni_code code, const char *text, const char *details, ...)
{
	va_list args;

	va_start(args, details);
	error->code = code;
	snprintf(error->text, sizeof(error->text), "%s", text);
	vsnprintf(error->details, sizeof(error->details), details, args);
	va_end(args);
	return -1;
}

json_t *cni_versions(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		json_array_append_new(list, json_string(versions[i]));
	return list;
}

void cni_request_free(struct cni_request *request)
{
	free(request->version);
	free(request->container);
	free(request->netns);
	free(request->ifname);
	free(request->namespace);
	free(request->pod);
	free(request->uid);
	free(request->network);
	free(request->socket);
	json_decref(request->config);
	*request = (struct cni_request){};
}

/* --- environment ------------------------------------------------------------- */

/* As the specification has it for container IDs and names of networks. */
static bool is_identifier(const char *text)
{
	if (!isalnum((unsigned char)*text) || strlen(text) > TEXT_MAX)
		return false;
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && !strchr("_.-", *text))
			return false;
	}
	return true;
}

static bool is_interface(const char *text)
{
	if (!*text || strlen(text) >= IF_NAMESIZE || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (; *text; text++) {
		if (*text <= ' ' || *text == '/' || *text == ':' || *text == 0x7f)
			return false;
	}
	return true;
}

static bool is_path(const char *text)
{
	return *text == '/' && strlen(text) < 4096;
}

static int read_command(const struct cni_environment *environment, struct cni_request *request, struct cni_error *error)
{
	for (int i = 0; i < CNI_COMMANDS; i++) {
		if (environment->command && strcmp(environment->command, commands[i].name) == 0) {
			request->command = (enum cni_command)i;
			return 0;
		}
	}
	return cni_fail(error, CNI_INVALID_ENVIRONMENT, "CNI_COMMAND is none that this plugin knows",
			"it must be ADD, DEL, CHECK, STATUS, GC or VERSION");
}

static int read_variable(const char *name, const char *value, bool (*is_valid)(const char *text), char **ret,
			 struct cni_error *error)
{
	if (!value || !*value)
		return cni_fail(error, CNI_INVALID_ENVIRONMENT, "a variable of the environment is missing",
				"%s must be set for this command", name);
	if (!is_valid(value))
		return cni_fail(error, CNI_INVALID_ENVIRONMENT, "a variable of the environment can't be used",
				"%s is malformed", name);
	*ret = xstrdup(value);
	return 0;
}

/* What is after KEY= in "A=B;KEY=VALUE;C=D"; NULL: nothing. */
static char *find_arg(const char *args, const char *key)
{
	const size_t length = strlen(key);

	while (args && *args) {
		const size_t part = strcspn(args, ";");

		if (part > length + 1 && strncmp(args, key, length) == 0 && args[length] == '=')
			return xstrndup(args + length + 1, part - length - 1);
		args += part + (args[part] == ';');
	}
	return NULL;
}

/* A container that is no pod of Kubernetes' is known by its own name. */
static int read_pod(const char *args, struct cni_request *request, struct cni_error *error)
{
	request->namespace = find_arg(args, "K8S_POD_NAMESPACE") ?: xstrdup("default");
	request->pod = find_arg(args, "K8S_POD_NAME") ?: xstrdup(request->container);
	request->uid = find_arg(args, "K8S_POD_UID");
	if (is_identifier(request->namespace) && is_identifier(request->pod) &&
	    (!request->uid || is_identifier(request->uid)))
		return 0;
	return cni_fail(error, CNI_INVALID_ENVIRONMENT, "a variable of the environment can't be used",
			"CNI_ARGS names a pod that can't be one");
}

static int read_environment(const struct cni_environment *environment, struct cni_request *request,
			    struct cni_error *error)
{
	const int needs = commands[request->command].needs;
	int r = 0;

	if (needs & NEED_CONTAINER)
		r = read_variable("CNI_CONTAINERID", environment->container, is_identifier, &request->container, error);
	if (r == 0 && needs & NEED_NETNS)
		r = read_variable("CNI_NETNS", environment->netns, is_path, &request->netns, error);
	if (r == 0 && needs & NEED_IFNAME)
		r = read_variable("CNI_IFNAME", environment->ifname, is_interface, &request->ifname, error);
	if (r == 0 && needs & NEED_CONTAINER)
		r = read_pod(environment->args, request, error);
	return r;
}

/* --- configuration ----------------------------------------------------------- */

static int wrong(struct cni_error *error, const char *key, const char *what)
{
	return cni_fail(error, CNI_INVALID_CONFIG, "the network configuration can't be used", "%s %s", key, what);
}

static int read_version(struct cni_request *request, struct cni_error *error)
{
	const json_t *version = json_object_get(request->config, "cniVersion");
	const char *text = json_string_value(version);

	for (size_t i = 0; text && i < ARRAY_SIZE(versions); i++) {
		if (strcmp(text, versions[i]) == 0) {
			request->version = xstrdup(text);
			return 0;
		}
	}
	return cni_fail(error, CNI_INCOMPATIBLE_VERSION, "the configuration's cniVersion is not supported",
			"weir-cni understands 0.3.0, 0.3.1, 0.4.0, 1.0.0 and 1.1.0, and the configuration says %.32s",
			text
				?: version ? text ?: "something that is no string"
					   : "none");
}

static int read_socket(struct cni_request *request, struct cni_error *error)
{
	const json_t *socket = json_object_get(request->config, "socket");
	const char *path = socket ? json_string_value(socket) : CNI_SOCKET_DEFAULT;

	if (!path || *path != '/' || strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return wrong(error, "socket", "must be the absolute path of a socket");
	request->socket = xstrdup(path);
	return 0;
}

static int read_timeout(struct cni_request *request, struct cni_error *error)
{
	const json_t *seconds = json_object_get(request->config, "timeoutSeconds");

	request->timeout_seconds = TIMEOUT_DEFAULT;
	if (!seconds)
		return 0;
	if (!json_is_integer(seconds) || json_integer_value(seconds) < 1 || json_integer_value(seconds) > TIMEOUT_MAX)
		return wrong(error, "timeoutSeconds", "must be an integer, 1 to 60");
	request->timeout_seconds = (long)json_integer_value(seconds);
	return 0;
}

static int read_agent_down(struct cni_request *request, struct cni_error *error)
{
	const json_t *word = json_object_get(request->config, "agentDown");
	const char *text = json_string_value(word);

	if (!word || (text && strcmp(text, "fail") == 0))
		return 0;
	if (!text || strcmp(text, "pass") != 0)
		return wrong(error, "agentDown", "must be \"fail\" or \"pass\"");
	request->pass_without_agent = true;
	return 0;
}

static int read_gate(struct cni_request *request, struct cni_error *error)
{
	const json_t *gate = json_object_get(request->config, "gate");

	if (gate && !json_is_boolean(gate))
		return wrong(error, "gate", "must be true or false");
	request->is_gate = json_is_true(gate);
	return 0;
}

static int read_previous(struct cni_request *request, struct cni_error *error)
{
	request->previous = json_object_get(request->config, "prevResult");
	if (!request->previous && !request->is_gate && commands[request->command].needs & NEED_PREVIOUS)
		return wrong(error, "prevResult",
			     "is missing: weir-cni makes no interface, it goes last in the list of plugins, behind the "
			     "one that does (and once more, with \"gate\": true, before it)");
	if (request->previous && !json_is_object(request->previous))
		return wrong(error, "prevResult", "must be an object");
	return 0;
}

static int read_network(struct cni_request *request, struct cni_error *error)
{
	const char *name = json_string_value(json_object_get(request->config, "name"));

	if (!name || !is_identifier(name))
		return wrong(error, "name", "must be the network's name: letters, digits, dots, dashes, underscores");
	request->network = xstrdup(name);
	return 0;
}

static int read_config(const char *config, size_t length, struct cni_request *request, struct cni_error *error)
{
	json_error_t why;

	if (length > CNI_CONFIG_MAX)
		return cni_fail(error, CNI_INVALID_CONFIG, "the network configuration can't be used",
				"it is larger than 4 MiB");
	request->config = json_loadb(config, length, JSON_REJECT_DUPLICATES, &why);
	if (!request->config)
		return cni_fail(error, CNI_UNDECODABLE, "the network configuration is no JSON", "line %d: %s", why.line,
				why.text);
	if (!json_is_object(request->config))
		return cni_fail(error, CNI_UNDECODABLE, "the network configuration is no JSON object", "%s", "");
	return read_version(request, error) ?:
	       read_network(request, error) ?:
	       read_socket(request, error) ?:
	       read_timeout(request, error) ?:
	       read_agent_down(request, error) ?: read_gate(request, error) ?: read_previous(request, error);
}

int cni_request_read(const struct cni_environment *environment, const char *config, size_t length,
		     struct cni_request *ret, struct cni_error *error)
{
	*ret = (struct cni_request){};
	if (read_command(environment, ret, error) < 0)
		return -1;
	if (ret->command == CNI_VERSION)
		return 0;
	if (read_config(config, length, ret, error) < 0)
		return -1;
	return read_environment(environment, ret, error);
}
