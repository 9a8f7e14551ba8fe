// SPDX-License-Identifier: BSD-2-Clause
/* What answers the CNI plugin at the agent's socket, which may be anything. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "cni/call.h"
#include "fuzz/targets/scratch.h"
#include "fuzz/targets/input.h"

struct answer {
	int listener;
	const uint8_t *bytes;
	size_t size;
};

static void *serve(void *data)
{
	const struct answer *answer = data;
	_cleanup_close_ int fd = accept(answer->listener, NULL, NULL);
	char request[4096];

	if (fd < 0 || recv(fd, request, sizeof(request), 0) < 0)
		abort();
	send(fd, answer->bytes, answer->size, MSG_NOSIGNAL);
	return NULL;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	_cleanup_free_ char *path = xasprintf("%s/weir.sock", scratch_make());
	_cleanup_close_ int listener = listen_at(path);
	const struct call call = { .socket = path, .method = "GET", .path = "/v1/status", .seconds = 10 };
	struct answer answer = { listener, bytes, size };
	struct error error = {};
	json_t *json = NULL;
	pthread_t server;

	if (pthread_create(&server, NULL, serve, &answer) != 0)
		abort();
	if (call_agent(&call, &json, &error) < 0 && !*error.text)
		abort(); /* nobody would know what is wrong */
	pthread_join(server, NULL);
	json_decref(json);
	unlink(path);
	return 0;
}
