// SPDX-License-Identifier: BSD-2-Clause
#include "datapath/gate.h"

#include <arpa/inet.h> /* before what the kernel has of its own of it */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <string.h>

#include "base/mem.h"
#include "datapath/compat.h"
#include "datapath/datapath_private.h"
#include "datapath/nft_batch.h"

#define PASSED	     "passed"
#define KINDS	     "kinds"
#define ELEMENTS_MAX 500u /* of a message */
#define SOCKET_BYTES (4 << 20)
/* Before anybody else's chain of the hook. */
#define FIRST (-2147483647 - 1)
/* What a set's elements are, for who lists them: the types ifindex and ifname of nft(8), 6 bits each. */
#define TYPE_LINK   ((20u << 6) | 41u)
#define TYPE_NAME   41u
#define LINK_LENGTH (4 + IF_NAMESIZE)

struct gate {
	struct nl_sock *sock;
	char table[32];
	bool shut;
};

struct link_key {
	uint32_t ifindex;
	char name[IF_NAMESIZE];
};

static const char *const kinds[] = { "veth", "netkit" };

/* The two chains: what they are of, and what the kernel calls that. */
static const struct chain {
	const char *name;
	uint32_t hook, index, iface_name, kind;
} chains[] = {
	{ "from-containers", NF_NETDEV_INGRESS, NFT_META_IIF, NFT_META_IIFNAME, NFT_META_IIFKIND },
	{ "to-containers", NF_NETDEV_EGRESS, NFT_META_OIF, NFT_META_OIFNAME, NFT_META_OIFKIND },
};

static void table_name(const char *bpffs, char ret[static 32])
{
	snprintf(ret, 32, "weir-gate-%08x", bpffs_number(bpffs));
}

/* --- what the table is made of ----------------------------------------------------- */

/* With an owner nobody else can change it or flush it away; and it stays when its owner ends, and is anybody's then. */
static void put_table(struct nft_batch *batch, const char *table)
{
	struct nl_msg *message = nft_batch_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	nla_put_string(message, NFTA_TABLE_NAME, table);
	nft_put_u32(message, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER | COMPAT_NFT_TABLE_F_PERSIST);
}

static void delete_table(struct nft_batch *batch, const char *table)
{
	nla_put_string(nft_batch_message(batch, NFT_MSG_DELTABLE, 0), NFTA_TABLE_NAME, table);
}

static void put_set(struct nft_batch *batch, const char *table, const char *name, uint32_t type, uint32_t length)
{
	const uint8_t order[] = { 0, 4, type == TYPE_NAME, 0, 0, 0 };
	struct nl_msg *message = nft_batch_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE);

	nla_put_string(message, NFTA_SET_TABLE, table);
	nla_put_string(message, NFTA_SET_NAME, name);
	nft_put_u32(message, NFTA_SET_FLAGS, 0);
	nft_put_u32(message, NFTA_SET_KEY_TYPE, type);
	nft_put_u32(message, NFTA_SET_KEY_LEN, length);
	nft_put_u32(message, NFTA_SET_ID, 1 + (type == TYPE_NAME));
	nla_put(message, NFTA_SET_USERDATA, sizeof(order), order);
}

/* prefix: of names of interfaces, there and to come. */
static void put_chain(struct nft_batch *batch, const char *table, const struct chain *chain, const char *prefix)
{
	struct nl_msg *message = nft_batch_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook, *devices;

	nla_put_string(message, NFTA_CHAIN_TABLE, table);
	nla_put_string(message, NFTA_CHAIN_NAME, chain->name);
	nla_put_string(message, NFTA_CHAIN_TYPE, "filter");
	hook = nla_nest_start(message, NFTA_CHAIN_HOOK);
	nft_put_u32(message, NFTA_HOOK_HOOKNUM, chain->hook);
	nft_put_u32(message, NFTA_HOOK_PRIORITY, (uint32_t)FIRST);
	devices = nla_nest_start(message, NFTA_HOOK_DEVS);
	nla_put_string(message, COMPAT_NFTA_DEVICE_PREFIX, prefix);
	nla_nest_end(message, devices);
	nla_nest_end(message, hook);
}

static void put_element(struct nl_msg *message, const void *key, size_t length)
{
	struct nlattr *element = nla_nest_start(message, NFTA_LIST_ELEM);
	struct nlattr *nested = nla_nest_start(message, NFTA_SET_ELEM_KEY);

	nla_put(message, NFTA_DATA_VALUE, (int)length, key);
	nla_nest_end(message, nested);
	nla_nest_end(message, element);
}

/* Begins a message of elements of a set; its list is to be ended. */
static struct nl_msg *begin_elements(struct nft_batch *batch, int type, const char *table, const char *set)
{
	struct nl_msg *message = nft_batch_message(batch, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);

	nla_put_string(message, NFTA_SET_ELEM_LIST_TABLE, table);
	nla_put_string(message, NFTA_SET_ELEM_LIST_SET, set);
	return message;
}

static void put_kinds(struct nft_batch *batch, const char *table)
{
	struct nl_msg *message;
	struct nlattr *list;

	message = begin_elements(batch, NFT_MSG_NEWSETELEM, table, KINDS);
	list = nla_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		char kind[IF_NAMESIZE] = {};

		snprintf(kind, sizeof(kind), "%s", kinds[i]);
		put_element(message, kind, sizeof(kind));
	}
	nla_nest_end(message, list);
}

static struct link_key key_of(uint32_t ifindex, const char *name)
{
	struct link_key key = { .ifindex = ifindex };

	snprintf(key.name, sizeof(key.name), "%s", name);
	return key;
}

static void put_links(struct nft_batch *batch, const char *table, const link_infos *links)
{
	for (size_t i = 0; i < links->n;) {
		struct nl_msg *message = begin_elements(batch, NFT_MSG_NEWSETELEM, table, PASSED);
		struct nlattr *list = nla_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);

		for (unsigned n = 0; n < ELEMENTS_MAX && i < links->n; n++, i++) {
			const struct link_key key = key_of(links->items[i].ifindex, links->items[i].name);

			put_element(message, &key, sizeof(key));
		}
		nla_nest_end(message, list);
	}
}

static void put_expression(struct nl_msg *message, const char *name, const uint32_t (*numbers)[2], size_t n)
{
	struct nlattr *element = nla_nest_start(message, NFTA_LIST_ELEM), *data;

	nla_put_string(message, NFTA_EXPR_NAME, name);
	data = nla_nest_start(message, NFTA_EXPR_DATA);
	for (size_t i = 0; i < n; i++)
		nft_put_u32(message, (int)numbers[i][0], numbers[i][1]);
	nla_nest_end(message, data);
	nla_nest_end(message, element);
}

static void load_meta(struct nl_msg *message, uint32_t key, uint32_t to)
{
	put_expression(message, "meta", (const uint32_t[][2]){ { NFTA_META_KEY, key }, { NFTA_META_DREG, to } }, 2);
}

/* The rule goes on where what registers hold from the first on is in the set; inverted, where it is not. */
static void look_up(struct nl_msg *message, const char *set, uint32_t flags)
{
	struct nlattr *element = nla_nest_start(message, NFTA_LIST_ELEM), *data;

	nla_put_string(message, NFTA_EXPR_NAME, "lookup");
	data = nla_nest_start(message, NFTA_EXPR_DATA);
	nla_put_string(message, NFTA_LOOKUP_SET, set);
	nft_put_u32(message, NFTA_LOOKUP_SREG, NFT_REG_1);
	nft_put_u32(message, NFTA_LOOKUP_FLAGS, flags);
	nla_nest_end(message, data);
	nla_nest_end(message, element);
}

static void drop(struct nl_msg *message)
{
	struct nlattr *element = nla_nest_start(message, NFTA_LIST_ELEM), *data, *value, *verdict;

	nla_put_string(message, NFTA_EXPR_NAME, "immediate");
	data = nla_nest_start(message, NFTA_EXPR_DATA);
	nft_put_u32(message, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	value = nla_nest_start(message, NFTA_IMMEDIATE_DATA);
	verdict = nla_nest_start(message, NFTA_DATA_VERDICT);
	nft_put_u32(message, NFTA_VERDICT_CODE, NF_DROP);
	nla_nest_end(message, verdict);
	nla_nest_end(message, value);
	nla_nest_end(message, data);
	nla_nest_end(message, element);
}

/* The set first, so that packets of what may pass pay for one look-up. An interface that no driver of links made has
 * no kind: the rule ends there, and its packets pass. */
static void put_rule(struct nft_batch *batch, const char *table, const struct chain *chain)
{
	struct nl_msg *message = nft_batch_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nlattr *list;

	nla_put_string(message, NFTA_RULE_TABLE, table);
	nla_put_string(message, NFTA_RULE_CHAIN, chain->name);
	list = nla_nest_start(message, NFTA_RULE_EXPRESSIONS);
	load_meta(message, chain->index, NFT_REG_1);
	load_meta(message, chain->iface_name, NFT_REG32_01);
	look_up(message, PASSED, NFT_LOOKUP_F_INV);
	load_meta(message, chain->kind, NFT_REG_1);
	look_up(message, KINDS, 0);
	put_expression(message, "counter", NULL, 0);
	drop(message);
	nla_nest_end(message, list);
}

/* --- the gate ------------------------------------------------------------------------ */

static int send_batch(struct gate *gate, struct nft_batch *batch)
{
	int r = nft_batch_send(batch, gate->sock);

	nft_batch_free(batch);
	return r;
}

/* A table with a chain for interfaces that nobody has; nothing of it is left. */
static int probe(struct gate *gate)
{
	_cleanup_free_ char *name = xasprintf("%s-probe", gate->table);
	struct nft_batch batch;

	nft_batch_begin(&batch);
	put_table(&batch, name);
	put_chain(&batch, name, &chains[0], "weir/probe");
	put_chain(&batch, name, &chains[1], "weir/probe");
	delete_table(&batch, name);
	return send_batch(gate, &batch);
}

/* An earlier agent's becomes this one's. What is put there is there already; where there was no table, the second
 * message finds no set, and there is none after it either. */
static int find(struct gate *gate)
{
	struct nft_batch batch;
	int r;

	nft_batch_begin(&batch);
	put_table(&batch, gate->table);
	put_kinds(&batch, gate->table);
	r = send_batch(gate, &batch);
	gate->shut = r == 0;
	return r == -ENOENT ? 0 : r;
}

static int open_socket(struct gate *gate)
{
	const int size = SOCKET_BYTES;

	gate->sock = nl_socket_alloc();
	if (!gate->sock)
		return -ENOMEM;
	nl_socket_disable_auto_ack(gate->sock);
	if (nl_connect(gate->sock, NETLINK_NETFILTER) < 0)
		return errno == EPROTONOSUPPORT ? -EOPNOTSUPP : -EIO;
	/* A batch is one datagram. Without the right to it the default does for two thousand interfaces. */
	setsockopt(nl_socket_get_fd(gate->sock), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(nl_socket_get_fd(gate->sock), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return 0;
}

/* What a kernel says that has no nf_tables, none for devices, or no chains of devices to come. */
static bool is_unknown(int r)
{
	return r == -EOPNOTSUPP || r == -EINVAL || r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT || r == -ENOENT;
}

int gate_open(const char *bpffs, struct gate **ret, struct error *error)
{
	_cleanup_(gate_closep) struct gate *gate = new0(struct gate);
	int r;

	table_name(bpffs, gate->table);
	r = open_socket(gate);
	if (r == 0)
		r = probe(gate);
	if (is_unknown(r))
		return error_set(error, -EOPNOTSUPP, "this kernel can't bind a chain to interfaces that are to come");
	if (r == 0)
		r = find(gate);
	if (r < 0)
		return error_set(error, r, "nf_tables: %s", strerror(-r));
	*ret = TAKE_PTR(gate);
	return 0;
}

void gate_close(struct gate *gate)
{
	if (!gate)
		return;
	nl_socket_free(gate->sock);
	free(gate);
}

bool gate_is_shut(const struct gate *gate)
{
	return gate->shut;
}

int gate_shut(struct gate *gate, const link_infos *passed, struct error *error)
{
	struct nft_batch batch;
	int r;

	nft_batch_begin(&batch);
	put_table(&batch, gate->table);
	delete_table(&batch, gate->table);
	put_table(&batch, gate->table);
	put_set(&batch, gate->table, KINDS, TYPE_NAME, IF_NAMESIZE);
	put_kinds(&batch, gate->table);
	put_set(&batch, gate->table, PASSED, TYPE_LINK, LINK_LENGTH);
	put_links(&batch, gate->table, passed);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		put_chain(&batch, gate->table, &chains[i], "");
		put_rule(&batch, gate->table, &chains[i]);
	}
	r = send_batch(gate, &batch);
	if (r < 0)
		return error_set(error, r, "newcomers can't be closed: nf_tables: %s", strerror(-r));
	gate->shut = true;
	return 0;
}

static void change_element(struct nft_batch *batch, const char *table, int type, const struct link_key *key)
{
	struct nl_msg *message = begin_elements(batch, type, table, PASSED);
	struct nlattr *list = nla_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);

	put_element(message, key, sizeof(*key));
	nla_nest_end(message, list);
}

int gate_pass(struct gate *gate, const struct link_info *link)
{
	const struct link_key key = key_of(link->ifindex, link->name);
	struct nft_batch batch;

	if (!gate->shut)
		return 0;
	nft_batch_begin(&batch);
	change_element(&batch, gate->table, NFT_MSG_NEWSETELEM, &key);
	return send_batch(gate, &batch);
}

/* Most that go were never among them. */
void gate_forget(struct gate *gate, uint32_t ifindex, const char *name)
{
	const struct link_key key = key_of(ifindex, name);
	struct nft_batch batch;

	if (!gate->shut)
		return;
	nft_batch_begin(&batch);
	change_element(&batch, gate->table, NFT_MSG_DELSETELEM, &key);
	send_batch(gate, &batch);
}

/* Taken out and put back: all of it succeeds where it is in, and none of it where it isn't. */
bool gate_passes(struct gate *gate, const struct link_info *link)
{
	const struct link_key key = key_of(link->ifindex, link->name);
	struct nft_batch batch;

	nft_batch_begin(&batch);
	change_element(&batch, gate->table, NFT_MSG_DELSETELEM, &key);
	change_element(&batch, gate->table, NFT_MSG_NEWSETELEM, &key);
	return send_batch(gate, &batch) == 0;
}

static int delete_own(struct gate *gate)
{
	struct nft_batch batch;

	nft_batch_begin(&batch);
	delete_table(&batch, gate->table);
	return send_batch(gate, &batch);
}

int gate_lift(struct gate *gate)
{
	int r = gate->shut ? delete_own(gate) : 0;

	if (r == 0 || r == -ENOENT)
		gate->shut = false;
	return gate->shut ? r : 0;
}

int gate_remove(const char *bpffs)
{
	_cleanup_(gate_closep) struct gate *gate = new0(struct gate);
	int r;

	table_name(bpffs, gate->table);
	r = open_socket(gate);
	if (r == 0)
		r = delete_own(gate);
	return is_unknown(r) ? 0 : r;
}
