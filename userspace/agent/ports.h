/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces that this agent attaches to, one by one; endpoints.h says which and why. */
#ifndef WEIR_AGENT_PORTS_H
#define WEIR_AGENT_PORTS_H

#include "agent/endpoints.h"

void ports_load(struct endpoints *endpoints, const datapath_endpoints *kernel);
void ports_free(struct endpoints *endpoints);
struct port *ports_find(const struct endpoints *endpoints, uint32_t ifindex);
void ports_disown(struct endpoints *endpoints);	   /* no port has an endpoint any more */
bool ports_drop_gone(struct endpoints *endpoints); /* true when one of them had an identity */
void ports_note_failures(const struct endpoints *endpoints, struct notes *problems);

bool ports_is_ignored(const struct endpoints *endpoints, uint32_t ifindex);
void ports_forget_ignored(struct endpoints *endpoints, uint32_t ifindex);

struct port *port_get(struct endpoints *endpoints, const struct link_info *link); /* made when there is none */
void port_attach(struct endpoints *endpoints, struct port *port, enum datapath_xdp xdp);
/* Something about the interface has changed, so perhaps its other end has. */
void port_forget_peer(struct port *port);
/* Each says whether the kernel's table changed. */
bool port_identify(struct endpoints *endpoints, struct port *port); /* as its endpoint */
bool port_close(struct endpoints *endpoints, struct port *port);

/* Says that it is no pod's any more. */
void port_tell_removed(const struct endpoints *endpoints, const struct port *port, const char *why);

#endif
