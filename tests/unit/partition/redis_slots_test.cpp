// The slots of Redis, against its documentation and, where a server is installed, against a server.
#include <kvilt/core/checksum.hpp>
#include <kvilt/partition/redis_slots.hpp>

#include <doctest/doctest.h>

#include "../env/temporary_directory.hpp"
#include "seed.hpp"
#include <arpa/inet.h>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace kvilt;
using partition::detail::crc16;
using partition::detail::hash_tag;
namespace {

ShardId slot_of(Bytes key) { return partition::RedisSlots::Map({}).shard_of(key); }

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

class Socket {
public:
    Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{.tv_sec = 5, .tv_usec = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { ::close(fd_); }

    bool bind(std::uint16_t port) {
        const sockaddr_in address = loopback(port);
        return ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    bool connect(std::uint16_t port) {
        const sockaddr_in address = loopback(port);
        return ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }

    // The first line of the reply; empty if there is none.
    std::string ask(std::initializer_list<std::string_view> words) {
        std::string request = "*" + std::to_string(words.size()) + "\r\n";
        for (const std::string_view word : words)
            request.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
        for (std::size_t sent = 0; sent < request.size();) {
            const ssize_t count = ::send(fd_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) return {};
            sent += static_cast<std::size_t>(count);
        }
        std::string line;
        for (char c = 0; !line.ends_with("\r\n");) {
            if (::recv(fd_, &c, 1, 0) != 1) return {};
            line.push_back(c);
        }
        return line.substr(0, line.size() - 2);
    }

private:
    int fd_;
};

// A port is free, and so is that of the cluster bus, 10,000 above.
std::uint16_t free_port(std::uint64_t draw) {
    for (std::uint64_t n = 0; n < 200; ++n) {
        const auto port = static_cast<std::uint16_t>(20'000 + mix(draw, n) % 20'000);
        Socket server;
        Socket bus;
        if (server.bind(port) && bus.bind(static_cast<std::uint16_t>(port + 10'000))) return port;
    }
    return 0;
}

// A server of its own in a directory of its own. It ends with this object, and with this process however that ends.
class RedisServer {
public:
    RedisServer() = default;
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;
    ~RedisServer() { stop(); }

    static bool installed() { return std::system("command -v redis-server >/dev/null 2>&1") == 0; }

    // Whether it answers within ten seconds.
    bool start(std::uint16_t port) {
        const std::string port_text = std::to_string(port);
        const pid_t parent = ::getpid();
        child_ = ::fork();
        if (child_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            const int nowhere = ::open("/dev/null", O_RDWR);
            ::dup2(nowhere, STDOUT_FILENO);
            ::dup2(nowhere, STDERR_FILENO);
            if (::getppid() == parent)
                ::execlp("redis-server", "redis-server", "--bind", "127.0.0.1", "--port", port_text.c_str(), "--save",
                         "", "--appendonly", "no", "--cluster-enabled", "yes", "--dir", directory_.path().c_str(),
                         static_cast<char*>(nullptr));
            ::_exit(127);
        }
        for (int n = 0; child_ > 0 && n < 200; ++n) {
            Socket socket;
            if (socket.connect(port) && socket.ask({"PING"}) == "+PONG") return true;
            if (::waitpid(child_, nullptr, WNOHANG) == child_) child_ = -1;
            ::usleep(50'000);
        }
        stop();
        return false;
    }

private:
    void stop() {
        if (child_ <= 0) return;
        ::kill(child_, SIGTERM);
        for (int n = 0; n < 100 && ::waitpid(child_, nullptr, WNOHANG) == 0; ++n) {
            if (n == 50) ::kill(child_, SIGKILL);
            ::usleep(50'000);
        }
        child_ = -1;
    }

    TemporaryDirectory directory_;
    pid_t child_ = -1;
};

// Random bytes, with braces more often than chance has them; never a tag alone, so that all forms occur.
std::string random_key(std::uint64_t n) {
    std::string key;
    const std::uint64_t size = mix(seed(), 2 * n) % 24;
    for (std::uint64_t at = 0; at < size; ++at) {
        const std::uint64_t draw = mix(mix(seed(), 2 * n + 1), at);
        key.push_back(draw % 5 == 0 ? '{' : draw % 5 == 1 ? '}' : static_cast<char>(draw >> 32));
    }
    return key;
}

} // namespace

TEST_CASE("the checksum is CRC-16/XMODEM") {
    CHECK(crc16("123456789") == 0x31c3);
    CHECK(crc16("") == 0);
    CHECK(crc16("A") == 0x58e5);
}

TEST_CASE("hash tags are those that the documentation of Redis Cluster names") {
    CHECK(hash_tag("{user1000}.following") == "user1000");
    CHECK(hash_tag("{user1000}.followers") == "user1000");
    CHECK(hash_tag("foo{}{bar}") == "foo{}{bar}"); // the first pair is empty
    CHECK(hash_tag("foo{{bar}}zap") == "{bar");
    CHECK(hash_tag("foo{bar}{zap}") == "bar");
    CHECK(hash_tag("foo{bar") == "foo{bar");
    CHECK(hash_tag("foo}bar{") == "foo}bar{");
    CHECK(hash_tag("}{a}") == "a");
    CHECK(hash_tag("") == "");
}

TEST_CASE("keys are in the slots in which Redis has them") {
    CHECK(slot_of("foo") == 12182);
    CHECK(slot_of("bar") == 5061);
    CHECK(slot_of("hello") == 866);
    CHECK(slot_of("somekey") == 11058);
    CHECK(slot_of("foo{hash_tag}") == 2515);
    CHECK(slot_of("bar{hash_tag}") == 2515);
    CHECK(slot_of("123456789") == 12739);
    CHECK(slot_of("{user1000}.following") == slot_of("{user1000}.followers"));
}

TEST_CASE("three nodes have the runs of slots that redis-cli gives them") {
    const partition::RedisSlots::Map map({});
    const std::pair<ShardId, ShardId> runs[] = {{0, 5460}, {5461, 10922}, {10923, 16383}};
    for (std::uint32_t node = 0; node < 3; ++node)
        for (ShardId slot = runs[node].first; slot <= runs[node].second; ++slot)
            REQUIRE(map.owner(slot) == NodeId{node});
}

TEST_CASE("a real server puts random and tagged keys into the same slots") {
    MESSAGE("KVILT_SEED=", seed());
    if (!RedisServer::installed()) {
        MESSAGE("skipped: no redis-server is installed here (Debian: redis-server)");
        return;
    }
    RedisServer server;
    std::uint16_t port = 0;
    bool running = false;
    for (std::uint64_t n = 0; n < 3 && !running; ++n) { // another process may take the port meanwhile
        port = free_port(mix(static_cast<std::uint64_t>(::getpid()), n));
        REQUIRE(port != 0);
        running = server.start(port);
    }
    REQUIRE(running);
    Socket socket;
    REQUIRE(socket.connect(port));
    std::size_t tagged = 0;
    for (std::uint64_t n = 0; n < 1000; ++n) {
        const std::string key = random_key(n);
        tagged += hash_tag(key) != key;
        REQUIRE(socket.ask({"CLUSTER", "KEYSLOT", key}) == ":" + std::to_string(slot_of(key)));
    }
    CHECK(tagged > 100);
    MESSAGE("1000 keys agree, ", tagged, " of them with a tag");
}
