/*
 * Load generator for Postfix policy servers: connections with one request in flight each.
 *
 *     load run PORT CONNECTIONS SECONDS MIX FIRST_ID COUNT RATE KNOWN
 *     load echo
 *
 * "run" asks 127.0.0.1:PORT until SECONDS have passed, or COUNT requests if COUNT is not 0, and prints
 * one JSON line. MIX is known, new or mixed. New triplets are numbered from FIRST_ID; a number is used
 * once. Known triplets are the numbers below KNOWN, asked in scattered order. RATE 0 asks as fast as
 * replies arrive, otherwise RATE requests a second are due in equal steps. "echo" is a server that
 * answers DUNNO without parsing the request: it prints its port and runs until it is killed.
 *
 * bench/traffic.ts has the names and networks of the senders.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { DOMAINS = 500, MAX_REQUEST = 2048, MAX_REPLY = 4096 };
enum { MAX_EVENTS = 256, MAX_WORDS = 16, WORD_BYTES = 32 };

/* Coprime to every power of ten: each known triplet has its turn. */
enum { SCATTER = 618033 };

/* Latencies: 128 buckets for each power of two nanoseconds, so within 0.8 %. */
enum { SUB_BITS = 7, SUB_BUCKETS = 1 << SUB_BITS, BUCKETS = 64 * SUB_BUCKETS };

enum mix { KNOWN, NEW, MIXED };

struct connection {
    int fd;
    int busy;
    int64_t sent;
    size_t received;
    char reply[MAX_REPLY];
};

static uint64_t histogram[BUCKETS];
static struct { char text[WORD_BYTES]; uint64_t count; } words[MAX_WORDS];

static void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(1);
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Requests */

static char *put(char *to, const char *text) {
    size_t length = strlen(text);
    memcpy(to, text, length);
    return to + length;
}

static char *put_number(char *to, unsigned value) {
    char digits[10];
    int count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    while (count > 0) *to++ = digits[--count];
    return to;
}

/* Letters only, the same width for all values. */
static char *put_letters(char *to, uint64_t value, int width) {
    for (int at = width; at-- > 0; value /= 26) to[at] = (char)('a' + value % 26);
    return to + width;
}

static char *put_domain(char *to, int is_known, unsigned domain) {
    to = put(to, is_known ? "k" : "s");
    to = put_letters(to, domain, 4);
    return put(to, ".example");
}

/* A request with the attributes of Postfix 3.7. Each domain has one host, in a network of its own. */
static size_t write_request(char *buffer, int is_known, uint64_t id) {
    unsigned domain = (unsigned)(id % DOMAINS);
    char *to = buffer;
    to = put(to, "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
                 "client_address=");
    to = put(to, is_known ? "90." : "80.");
    to = put_number(to, domain >> 8);
    *to++ = '.';
    to = put_number(to, domain & 255);
    to = put(to, ".25\nclient_name=mail.");
    to = put_domain(to, is_known, domain);
    to = put(to, "\nclient_port=52718\nreverse_client_name=mail.");
    to = put_domain(to, is_known, domain);
    to = put(to, "\nserver_address=192.0.2.25\nserver_port=25\nhelo_name=mail.");
    to = put_domain(to, is_known, domain);
    to = put(to, "\nsender=");
    to = put_letters(to, id / DOMAINS, 7);
    to = put(to, "@");
    to = put_domain(to, is_known, domain);
    to = put(to, "\nrecipient=user");
    to = put_number(to, (unsigned)(id % 50));
    to = put(to, "@example.org\nrecipient_count=0\nqueue_id=\ninstance=");
    to = put_letters(to, id, 7);
    to = put(to, ".6564d8b5.");
    to = put(to, is_known ? "1" : "2");
    to = put(to, ".0\nsize=4711\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\n"
                 "sasl_sender=\nccert_subject=\nccert_issuer=\nccert_fingerprint=\n"
                 "ccert_pubkey_fingerprint=\nencryption_protocol=TLSv1.3\n"
                 "encryption_cipher=TLS_AES_256_GCM_SHA384\nencryption_keysize=256\n"
                 "policy_context=\n\n");
    return (size_t)(to - buffer);
}

/* Measurements */

static void count_latency(int64_t nanoseconds) {
    uint64_t value = nanoseconds > 0 ? (uint64_t)nanoseconds : 0;
    if (value < SUB_BUCKETS) {
        histogram[value]++;
        return;
    }
    int shift = 63 - __builtin_clzll(value) - SUB_BITS;
    histogram[(uint64_t)(shift + 1) * SUB_BUCKETS + ((value >> shift) & (SUB_BUCKETS - 1))]++;
}

/* The upper end of the bucket that holds a share of all latencies, in milliseconds. */
static double quantile(double share, uint64_t count) {
    double wanted = share * (double)count;
    uint64_t seen = 0;
    for (uint64_t at = 0; at < BUCKETS; at++) {
        seen += histogram[at];
        if (seen == 0 || (double)seen < wanted) continue;
        uint64_t shift = at < SUB_BUCKETS ? 0 : at / SUB_BUCKETS - 1;
        uint64_t base = at < SUB_BUCKETS ? at : SUB_BUCKETS + at % SUB_BUCKETS;
        return (double)((base + 1) << shift) / 1e6;
    }
    return 0;
}

/* Counts a reply by the first word of its action. */
static void count_reply(const char *reply, size_t length) {
    static const char prefix[] = "action=";
    if (length < sizeof prefix - 1 || memcmp(reply, prefix, sizeof prefix - 1) != 0) {
        fail("not a reply: \"%.*s\"", (int)length, reply);
    }
    const char *word = reply + sizeof prefix - 1;
    size_t size = 0;
    while (word[size] != ' ' && word[size] != '\n') size++;
    if (size >= WORD_BYTES) fail("the first word of a reply is too long");
    for (int at = 0; at < MAX_WORDS; at++) {
        if (words[at].count == 0) memcpy(words[at].text, word, size);
        if (strlen(words[at].text) != size || memcmp(words[at].text, word, size) != 0) continue;
        words[at].count++;
        return;
    }
    fail("more than %d different replies", MAX_WORDS);
}

/* The processor time of this process, in microseconds. */
static double cpu_time(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Sockets */

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void watch(int poll, int fd, void *data) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll: %s", strerror(errno));
}

static void set_no_delay(int fd) {
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void open_connection(struct connection *connection, int poll, int port) {
    struct sockaddr_in address = loopback(port);
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        fail("cannot connect to 127.0.0.1:%d: %s", port, strerror(errno));
    }
    set_no_delay(connection->fd);
    watch(poll, connection->fd, connection);
}

static void send_all(int fd, const char *data, size_t size) {
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EINTR) fail("cannot send: %s", strerror(errno));
        if (count > 0) sent += (size_t)count;
    }
}

/* True if a whole reply has arrived. */
static int receive(struct connection *connection) {
    size_t space = MAX_REPLY - connection->received;
    ssize_t count = recv(connection->fd, connection->reply + connection->received, space, 0);
    if (count <= 0) fail("the server closed a connection");
    connection->received += (size_t)count;
    size_t size = connection->received;
    if (size == MAX_REPLY) fail("a reply is too long");
    return size >= 2 && connection->reply[size - 1] == '\n' && connection->reply[size - 2] == '\n';
}

/* The load */

struct load {
    enum mix mix;
    uint64_t next_id;
    uint64_t turns;
    uint64_t max_turns;
    uint64_t known;
    int64_t begin;
    int64_t end;
    /* Nanoseconds between two requests; 0 for no pause. */
    int64_t step;
    uint64_t replies;
};

static void ask(struct load *load, struct connection *connection, int64_t time) {
    char request[MAX_REQUEST];
    uint64_t turn = load->turns++;
    int is_known = load->mix == KNOWN || (load->mix == MIXED && turn % 2 == 0);
    uint64_t known_turn = load->mix == MIXED ? turn / 2 : turn;
    uint64_t id = is_known ? known_turn * SCATTER % load->known : load->next_id++;
    size_t size = write_request(request, is_known, id);
    connection->received = 0;
    connection->busy = 1;
    connection->sent = time;
    send_all(connection->fd, request, size);
}

static int is_over(const struct load *load, int64_t time) {
    return load->max_turns > 0 ? load->turns >= load->max_turns : time >= load->end;
}

static void ask_if_due(struct load *load, struct connection *connection) {
    int64_t time = now();
    if (is_over(load, time)) return;
    if (load->step > 0 && time < load->begin + (int64_t)load->turns * load->step) return;
    ask(load, connection, time);
}

/* Milliseconds until a request is due; -1 if none is due before a reply arrives. */
static int pause_before(const struct load *load, int busy, int connections) {
    if (load->step == 0 || busy == connections) return -1;
    int64_t left = load->begin + (int64_t)load->turns * load->step - now();
    return left <= 0 ? 0 : (int)((left + 999999) / 1000000);
}

static void run(struct load *load, int port, int connections) {
    struct connection *all = calloc((size_t)connections, sizeof *all);
    struct epoll_event events[MAX_EVENTS];
    int poll = epoll_create1(0);
    int busy = 0;
    if (all == NULL || poll < 0) fail("cannot start: %s", strerror(errno));
    for (int at = 0; at < connections; at++) open_connection(&all[at], poll, port);
    int64_t length = load->end;
    load->begin = now();
    load->end = load->begin + length;
    do {
        for (int at = 0; at < connections && busy < connections; at++) {
            if (all[at].busy) continue;
            ask_if_due(load, &all[at]);
            busy += all[at].busy;
        }
        int ready = epoll_wait(poll, events, MAX_EVENTS, pause_before(load, busy, connections));
        if (ready < 0 && errno != EINTR) fail("epoll: %s", strerror(errno));
        for (int at = 0; at < ready; at++) {
            struct connection *connection = events[at].data.ptr;
            if (!receive(connection)) continue;
            count_latency(now() - connection->sent);
            count_reply(connection->reply, connection->received);
            load->replies++;
            connection->busy = 0;
            ask_if_due(load, connection);
            busy -= !connection->busy;
        }
    } while (busy > 0 || !is_over(load, now()));
    load->end = now();
}

static void print(const struct load *load, double cpu) {
    double seconds = (double)(load->end - load->begin) / 1e9;
    double count = (double)load->replies;
    printf("{\"requests\":%llu,\"rate\":%.1f,\"p50\":%.4f,\"p99\":%.4f,\"generatorCpu\":%.3f,",
           (unsigned long long)load->replies, count / seconds, quantile(0.5, load->replies),
           quantile(0.99, load->replies), cpu / count);
    printf("\"nextId\":%llu,\"answers\":{", (unsigned long long)load->next_id);
    for (int at = 0; at < MAX_WORDS && words[at].count > 0; at++) {
        printf("%s\"%s\":%llu", at > 0 ? "," : "", words[at].text,
               (unsigned long long)words[at].count);
    }
    puts("}}");
}

/* The server that answers DUNNO without parsing the request */

static void echo(void) {
    static const char reply[] = "action=DUNNO\n\n";
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    struct epoll_event events[MAX_EVENTS];
    char buffer[MAX_REQUEST];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int poll = epoll_create1(0);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1024) != 0) {
        fail("cannot listen: %s", strerror(errno));
    }
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    watch(poll, listener, (void *)(intptr_t)listener);
    for (;;) {
        int ready = epoll_wait(poll, events, MAX_EVENTS, -1);
        for (int at = 0; at < ready; at++) {
            int fd = (int)(intptr_t)events[at].data.ptr;
            if (fd == listener) {
                int accepted = accept(listener, NULL, NULL);
                set_no_delay(accepted);
                watch(poll, accepted, (void *)(intptr_t)accepted);
            } else if (recv(fd, buffer, sizeof buffer, 0) > 0) {
                send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
            } else {
                close(fd);
            }
        }
    }
}

static enum mix mix_of(const char *name) {
    if (strcmp(name, "known") == 0) return KNOWN;
    if (strcmp(name, "new") == 0) return NEW;
    if (strcmp(name, "mixed") == 0) return MIXED;
    fail("unknown mix \"%s\": known, new or mixed", name);
    return MIXED;
}

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "echo") == 0) echo();
    if (count != 10 || strcmp(arguments[1], "run") != 0) {
        fail("usage: load run PORT CONNECTIONS SECONDS MIX FIRST_ID COUNT RATE KNOWN | load echo");
    }
    double rate = atof(arguments[8]);
    struct load load = {
        .mix = mix_of(arguments[5]),
        .next_id = strtoull(arguments[6], NULL, 10),
        .max_turns = strtoull(arguments[7], NULL, 10),
        .known = strtoull(arguments[9], NULL, 10),
        .end = (int64_t)(atof(arguments[4]) * 1e9),
        .step = rate > 0 ? (int64_t)(1e9 / rate) : 0,
    };
    if (load.known == 0) fail("KNOWN is 0");
    double before = cpu_time();
    run(&load, atoi(arguments[2]), atoi(arguments[3]));
    print(&load, cpu_time() - before);
    return 0;
}
