// The one-shot contexts of the low-level digests are plain values: no allocation, no look-up of an
// algorithm by name, nothing to free. They are marked as deprecated in favour of EVP, which costs
// more than a microsecond per small message.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
