/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One reader for each kind of object: a document's fields -> struct object.
 * What is wrong goes to the field's report; the object is then not used.
 */
#ifndef WEIR_OBJECT_KINDS_H
#define WEIR_OBJECT_KINDS_H

#include "object/field.h"
#include "object/object.h"

/* Name, namespace and labels, of every kind; object->kind is set. */
void metadata_read(const struct field *document, struct object *object);

/* Who made a pod, whose labels are read. */
void owner_read(const struct field *metadata, struct object *pod);

void namespace_read(const struct field *document, struct object *object);
void pod_read(const struct field *document, struct object *object);
void network_policy_read(const struct field *document, struct object *object);
void traffic_policy_read(const struct field *document, struct object *object);
void cluster_traffic_policy_read(const struct field *document, struct object *object);
void admin_network_policy_read(const struct field *document, struct object *object);
void baseline_admin_network_policy_read(const struct field *document, struct object *object);
void cluster_network_policy_read(const struct field *document, struct object *object);
void service_read(const struct field *document, struct object *object);
void endpoint_slice_read(const struct field *document, struct object *object);
void cluster_node_read(const struct field *document, struct object *object);

#endif
