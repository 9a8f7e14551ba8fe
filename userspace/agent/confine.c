// SPDX-License-Identifier: BSD-2-Clause
#include "agent/confine.h"

#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "agent/landlock.h"
#include "agent/privileges.h"
#include "agent/syscalls.h"
#include "base/mem.h"

/* What sanitizers do to a process no filter foresees: they stop its threads, and run other programs. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#if !defined(IS_SANITIZED) && (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define IS_SANITIZED true
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

static bool is_wanted(const struct agent_config *config, enum confine_part part, struct confinement *confinement)
{
	const bool is_left_out = config->unconfined & (1u << part);

	if (is_left_out)
		notes_add(&confinement->missing, "%s: left out by the settings (unconfined)", confine_part_names[part]);
	else if (IS_SANITIZED && part != CONFINE_CAPABILITIES)
		notes_add(&confinement->missing, "%s: left out in a build with sanitizers", confine_part_names[part]);
	else
		return true;
	return false;
}

static void keep(const int *capabilities, size_t n, struct confinement *confinement)
{
	struct error error = {};

	free(TAKE_PTR(confinement->capabilities));
	if (privileges_keep(capabilities, n, &error) < 0)
		notes_add(&confinement->missing, "capabilities: %s", error.text);
	else
		confinement->capabilities = privileges_text();
}

/* To mount bpffs, to give the socket to its group, and to give up the rest for good. */
void confine_start(const struct agent_config *config, struct confinement *confinement)
{
	static const int needed[] = { CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, CAP_SYS_ADMIN, CAP_CHOWN, CAP_SETPCAP };

	if (!(config->unconfined & (1u << CONFINE_CAPABILITIES)))
		keep(needed, ARRAY_SIZE(needed), confinement);
}

static void drop_capabilities(const struct confine_needs *needs, struct confinement *confinement)
{
	static const int needed[] = { CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON, CAP_SYS_ADMIN };

	if (is_wanted(needs->config, CONFINE_CAPABILITIES, confinement))
		keep(needed, ARRAY_SIZE(needed) - !needs->filters_by_number, confinement);
}

static void shut_files(const struct confine_needs *needs, struct confinement *confinement)
{
	int r;

	if (!is_wanted(needs->config, CONFINE_FILES, confinement))
		return;
	r = confine_files(needs, &confinement->landlock_abi);
	if (r == -ENOSYS || r == -EOPNOTSUPP)
		notes_add(&confinement->missing, "files: this kernel has no Landlock, or it is not among its lsm=");
	else if (r < 0)
		notes_add(&confinement->missing, "files: Landlock: %s", strerror(-r));
	confinement->files = r == 0;
	confinement->ports = r == 0 && confinement->landlock_abi >= LANDLOCK_ABI_PORTS;
	if (confinement->files && !confinement->ports)
		notes_add(&confinement->missing, "ports: this kernel's Landlock has no rules for them (Linux 6.7 has)");
}

static void shut_syscalls(const struct confine_needs *needs, struct confinement *confinement)
{
	struct error error = {};

	if (!is_wanted(needs->config, CONFINE_SYSCALLS, confinement))
		return;
	confinement->syscalls = syscalls_confine(&error) == 0;
	if (!confinement->syscalls)
		notes_add(&confinement->missing, "%s", error.text);
}

/* Landlock opens what it allows, so that comes before the system calls, and reading rights of others are gone then. */
void confine_finish(const struct confine_needs *needs, struct confinement *confinement)
{
	notes_free(&confinement->missing);
	drop_capabilities(needs, confinement);
	shut_files(needs, confinement);
	shut_syscalls(needs, confinement);
	vec_for_each (text, &confinement->missing.list)
		log_info("not confined: %s", *text);
}

json_t *confinement_json(const struct confinement *confinement)
{
	json_t *missing = json_array();

	vec_for_each (text, &confinement->missing.list)
		json_array_append_new(missing, json_string(*text));
	return json_pack("{s:s?, s:b, s:b, s:b, s:i, s:o}", "capabilities", confinement->capabilities, "files",
			 confinement->files, "ports", confinement->ports, "systemCalls", confinement->syscalls,
			 "landlockABI", confinement->landlock_abi, "missing", missing);
}

void confinement_free(struct confinement *confinement)
{
	free(confinement->capabilities);
	notes_free(&confinement->missing);
	*confinement = (struct confinement){};
}
