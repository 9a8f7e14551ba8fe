/* SPDX-License-Identifier: BSD-2-Clause */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/interned.h"
#include "base/mem.h"
#include "object/address.h"
#include "object/kinds.h"
#include "object/names.h"
#include "object/policy_parts.h"

#define NAME_LABEL		 "kubernetes.io/metadata.name"
#define ANNOTATION_PREFIX	 "weir.dev/"
#define ANNOTATION_INTERFACE	 ANNOTATION_PREFIX "interface"
#define ANNOTATION_XDP		 ANNOTATION_PREFIX "xdp"
#define ANNOTATION_MAC		 ANNOTATION_PREFIX "mac"
#define ANNOTATION_ANTI_SPOOFING ANNOTATION_PREFIX "anti-spoofing"
/* What the kubelet and the runtime call a pod that the kubelet has from a file: the API server gives it another uid. */
#define ANNOTATION_STATIC_UID "kubernetes.io/config.hash"

void namespace_read(const struct field *document, struct object *object)
{
	if (object->name)
		labels_set(&object->labels, NAME_LABEL, object->name);
}

static void read_port_name(const struct field *field, void *target)
{
	((struct pod_port *)target)->name = field_checked(field, name_check_port);
}

static void read_container_port(const struct field *field, void *target)
{
	int64_t port;

	if (field_integer(field, 1, 65535, &port))
		((struct pod_port *)target)->port = (uint16_t)port;
}

static void read_port_protocol(const struct field *field, void *target)
{
	read_protocol(field, &((struct pod_port *)target)->protocol);
}

static const struct member port_members[] = {
	{ "name", read_port_name },
	{ "containerPort", read_container_port },
	{ "protocol", read_port_protocol },
};

/* A port without a name is of no use to policy, which names ports or gives their numbers. */
static void read_port(const struct field *field, void *target)
{
	struct pod *pod = target;
	struct pod_port port = { .protocol = IPPROTO_TCP };
	struct field member;

	if (!field_read_members(field, port_members, ARRAY_SIZE(port_members), 0, &port))
		return;
	if (!field_member(field, "containerPort", &member))
		field_missing(field, "containerPort", "is missing");
	if (port.name)
		vec_push(&pod->ports, port);
}

static void read_container(const struct field *field, void *target)
{
	struct field ports;

	if (field_is_mapping(field) && field_member(field, "ports", &ports))
		field_read_items(&ports, read_port, target);
}

/* Of the init containers only those that stay (sidecars) have ports that anyone can reach. */
static void read_init_container(const struct field *field, void *target)
{
	struct field restart;

	if (field->node->type == NODE_MAPPING && field_member(field, "restartPolicy", &restart) &&
	    restart.node->type == NODE_SCALAR && strcmp(restart.node->text, "Always") == 0)
		read_container(field, target);
}

static void read_containers(const struct field *field, void *target)
{
	field_read_items(field, read_container, target);
}

static void read_init_containers(const struct field *field, void *target)
{
	field_read_items(field, read_init_container, target);
}

static void read_node_name(const struct field *field, void *target)
{
	_cleanup_free_ char *name = field_checked(field, name_check_subdomain);

	((struct pod *)target)->node = interned(name);
}

static void read_service_account(const struct field *field, void *target)
{
	((struct pod *)target)->service_account = field_checked(field, name_check_subdomain);
}

static void read_host_network(const struct field *field, void *target)
{
	field_bool(field, &((struct pod *)target)->host_network);
}

static const struct member spec_members[] = {
	{ "nodeName", read_node_name },
	{ "serviceAccountName", read_service_account },
	{ "hostNetwork", read_host_network },
	{ "containers", read_containers },
	{ "initContainers", read_init_containers },
};

static void read_phase(const struct field *field, void *target)
{
	static const char *const names[] = {
		[POD_PENDING] = "Pending", [POD_RUNNING] = "Running", [POD_SUCCEEDED] = "Succeeded",
		[POD_FAILED] = "Failed",   [POD_UNKNOWN] = "Unknown",
	};
	int phase = field_word(field, names, ARRAY_SIZE(names));

	if (phase >= 0)
		((struct pod *)target)->phase = (enum pod_phase)phase;
}

static void read_ip(const struct field *field, void *target)
{
	read_address_into(field, &((struct pod *)target)->addrs);
}

static const struct member pod_ip_members[] = {
	{ "ip", read_ip },
};

static void read_pod_ip(const struct field *field, void *target)
{
	struct field ip;

	if (field_read_members(field, pod_ip_members, ARRAY_SIZE(pod_ip_members), 0, target) &&
	    !field_member(field, "ip", &ip))
		field_missing(field, "ip", "is missing");
}

static void read_pod_ips(const struct field *field, void *target)
{
	field_read_items(field, read_pod_ip, target);
}

static const struct member status_members[] = {
	{ "phase", read_phase },
	{ "podIPs", read_pod_ips },
	{ "podIP", read_ip },
};

static void read_spec(const struct field *field, void *target)
{
	field_read_members(field, spec_members, ARRAY_SIZE(spec_members), 0, target);
}

static void read_status(const struct field *field, void *target)
{
	field_read_members(field, status_members, ARRAY_SIZE(status_members), 0, target);
}

static void read_interface(const struct field *field, void *target)
{
	struct pod *pod = target;

	if (!pod->interface)
		pod->interface = field_checked(field, name_check_interface);
}

static void read_xdp(const struct field *field, void *target)
{
	static const char *const modes[] = {
		[XDP_MODE_OFF] = "off",
		[XDP_MODE_NATIVE] = "on",
		[XDP_MODE_GENERIC] = "generic",
	};
	int mode = field_word(field, modes, ARRAY_SIZE(modes));

	if (mode >= 0)
		((struct pod *)target)->xdp = (enum xdp_mode)mode;
}

static void read_mac(const struct field *field, void *target)
{
	const char *text = field_string(field);

	if (text && mac_parse(text, ((struct pod *)target)->mac) < 0)
		field_error(field, QUOTE " must be the MAC address of one interface, like 02:00:5e:00:53:01",
			    QUOTED(text));
}

static void read_anti_spoofing(const struct field *field, void *target)
{
	static const char *const words[] = { "on", "off" };
	int word = field_word(field, words, ARRAY_SIZE(words));

	if (word >= 0)
		((struct pod *)target)->may_spoof = word == 1;
}

static const struct member annotation_members[] = {
	{ ANNOTATION_INTERFACE, read_interface },
	{ ANNOTATION_XDP, read_xdp },
	{ ANNOTATION_MAC, read_mac },
	{ ANNOTATION_ANTI_SPOOFING, read_anti_spoofing },
};

static void warn_unknown(const struct field *annotation)
{
	char known[256] = "";

	for (size_t i = 0; i < ARRAY_SIZE(annotation_members); i++) {
		size_t used = strlen(known);

		snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "", annotation_members[i].name);
	}
	field_warning(annotation, "unknown annotation (known: %s)", known);
}

static const struct member *find_annotation(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(annotation_members); i++)
		if (strcmp(annotation_members[i].name, name) == 0)
			return &annotation_members[i];
	return NULL;
}

static void set_uid(struct object *object, const char *uid)
{
	free(object->uid);
	object->uid = xstrdup(uid);
}

/* That they are a mapping of strings has been seen to with the rest of the metadata. */
static void read_annotations(const struct field *annotations, struct object *object)
{
	for (const struct node *node = annotations->node->first; node; node = node->next) {
		struct field field = { .report = annotations->report, .parent = annotations, .node = node };
		const struct member *known = find_annotation(node->key->text);

		if (node->type != NODE_SCALAR || node->scalar != SCALAR_STRING)
			continue;
		if (known)
			known->read(&field, &object->pod);
		else if (strcmp(node->key->text, ANNOTATION_STATIC_UID) == 0)
			set_uid(object, node->text);
		else if (strncmp(node->key->text, ANNOTATION_PREFIX, strlen(ANNOTATION_PREFIX)) == 0)
			warn_unknown(&field);
	}
}

static const struct member pod_members[] = {
	{ "spec", read_spec },
	{ "status", read_status },
};

void pod_read(const struct field *document, struct object *object)
{
	struct field metadata, annotations;

	object->pod.phase = POD_RUNNING;
	if (field_member(document, "metadata", &metadata) && metadata.node->type == NODE_MAPPING) {
		owner_read(&metadata, object);
		if (field_member(&metadata, "annotations", &annotations) && annotations.node->type == NODE_MAPPING)
			read_annotations(&annotations, object);
	}
	field_read_members(document, pod_members, ARRAY_SIZE(pod_members), 0, &object->pod);
}
