// SPDX-License-Identifier: BSD-2-Clause
/* The policy image in force: built aside, swapped in by one update. */
#include <string.h>
#include <sys/mman.h>

#include "datapath/datapath_private.h"

#define IMAGE_MAP_NAME "weir_image"

int image_map_create(uint32_t words)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, IMAGE_MAP_NAME, sizeof(uint32_t), words * sizeof(uint32_t), 1,
				&opts);

	return fd < 0 ? -errno : fd;
}

static int write_words(int fd, const uint32_t *words, uint32_t n_words)
{
	size_t size = n_words * sizeof(*words);
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	memcpy(at, words, size);
	munmap(at, size);
	/* From here on it is read-only for userspace too. */
	return bpf_map_freeze(fd) < 0 ? -errno : 0;
}

static int check_image(const struct datapath *datapath, const uint32_t *words, uint32_t n_words, struct error *error)
{
	struct weir_image_header header;

	if (n_words > datapath->config.image_words)
		return error_set(error, -E2BIG, "swap image: %u words, and only %u fit (raise imageWords)", n_words,
				 datapath->config.image_words);
	if (n_words < WEIR_HEADER_WORDS)
		return error_set(error, -EINVAL, "swap image: %u words are no image", n_words);
	memcpy(&header, words, sizeof(header));
	if (header.magic != WEIR_IMAGE_MAGIC || header.abi != WEIR_IMAGE_ABI)
		return error_set(error, -EINVAL, "swap image: not an image of ABI %u", WEIR_IMAGE_ABI);
	return 0;
}

int datapath_swap(struct datapath *datapath, const uint32_t *words, uint32_t n_words, struct error *error)
{
	uint32_t slot = WEIR_SLOT_ENFORCED;
	int r;

	r = check_image(datapath, words, n_words, error);
	if (r < 0)
		return r;
	_cleanup_close_ int fd = image_map_create(datapath->config.image_words);
	if (fd < 0)
		return error_set(error, fd, "make image map: %s", strerror(-fd));
	r = write_words(fd, words, n_words);
	if (r < 0)
		return error_set(error, r, "write image: %s", strerror(-r));
	/* Returns when no packet is being judged by the old image any more. */
	r = map_update(datapath->skeleton->maps.images, &slot, &fd);
	if (r < 0)
		return error_set(error, r, "swap image: %s", strerror(-r));
	datapath->revision = words[offsetof(struct weir_image_header, revision) / sizeof(*words)];
	datapath_new_generation(datapath);
	return 0;
}

void datapath_new_generation(struct datapath *datapath)
{
	/* Whatever was changed before is seen by a packet that sees the new number. */
	__atomic_add_fetch(&datapath->skeleton->data_control->weir_control.generation, 1, __ATOMIC_RELEASE);
}

uint32_t datapath_revision(const struct datapath *datapath)
{
	return datapath->revision;
}

uint32_t datapath_image_words(const struct datapath *datapath)
{
	return datapath->config.image_words;
}

int image_running(int images_fd, enum weir_slot slot, uint32_t *ret_words, uint32_t *ret_revision)
{
	struct bpf_map_info info = {};
	uint32_t key = slot, size = sizeof(info), id;

	if (bpf_map_lookup_elem(images_fd, &key, &id) < 0)
		return -errno;
	_cleanup_close_ int fd = bpf_map_get_fd_by_id(id);
	if (fd < 0 || bpf_map_get_info_by_fd(fd, &info, &size) < 0)
		return -errno;
	const struct weir_image_header *header = mmap(NULL, sizeof(*header), PROT_READ, MAP_SHARED, fd, 0);
	if (header == MAP_FAILED)
		return -errno;
	*ret_words = info.value_size / sizeof(uint32_t);
	*ret_revision = header->revision;
	munmap((void *)header, sizeof(*header));
	return 0;
}
