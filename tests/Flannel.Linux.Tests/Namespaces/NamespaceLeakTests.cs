using System.Collections.Concurrent;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Lab.Leaks;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route;

namespace Flannel.Linux.Tests.Namespaces;

[CollectionDefinition(nameof(NamespaceLeakTests), DisableParallelization = true)]
public class NamespaceLeakTests
{
    [Collection(nameof(NamespaceLeakTests))]
    public class Alone
    {
        [NetnsFact]
        public async Task Run_AThousandTimes_LeaksNothingAndLeavesThePoolOutside()
        {
            string own = NetworkNamespaceTests.CurrentNamespace();
            using NetworkNamespace inside = NetworkNamespace.CreateAnonymous();
            Work(inside);
            LeakCheck leaks = LeakCheck.Start();

            for (int i = 0; i < 1000; i++)
                Work(inside);

            await leaks.AssertNoneAsync();
            Assert.All(await PoolThreadsAsync(), name => Assert.Equal(own, name));
            Assert.Equal(own, NetworkNamespaceTests.CurrentNamespace());
        }

        [NetnsFact]
        public async Task CreateAndDelete_FiftyTimes_LeaksNothing()
        {
            Cycle();
            LeakCheck leaks = LeakCheck.Start();

            for (int i = 0; i < 50; i++)
                Cycle();

            await leaks.AssertNoneAsync();
        }

        [Fact]
        public async Task LeakCheck_SocketAndThreadLeft_NamesThem()
        {
            LeakCheck leaks = LeakCheck.Start();
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            using var end = new ManualResetEventSlim();
            var thread = new Thread(end.Wait) { Name = "left behind" };
            thread.Start();

            var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => leaks.AssertNoneAsync(TimeSpan.FromMilliseconds(50)));
            end.Set();
            thread.Join();
            socket.Dispose();

            Assert.Contains("1 thread(s) 'left behind'", exception.Message);
            Assert.Contains("1 descriptor(s) 'socket'", exception.Message);
            await leaks.AssertNoneAsync();
        }

        private static void Work(NetworkNamespace inside)
        {
            using RouteNetlink netlink = inside.Run(() => RouteNetlink.Open());
            Assert.NotNull(netlink.FindLink("lo"));
            Assert.True(inside.Run(() => NetworkSysctl.Read("ipv4/ip_forward")).IsOk);
        }

        private static void Cycle()
        {
            string name = $"flannel-test-{Environment.ProcessId}-{Guid.NewGuid():N}";
            using (NetworkNamespace.Create(name))
                NetworkNamespace.Delete(name);
            NetworkNamespace.CreateAnonymous().Dispose();
        }

        // Enough work at the same time to be spread over every thread of the pool.
        private static async Task<IReadOnlyCollection<string>> PoolThreadsAsync()
        {
            ConcurrentDictionary<int, string> seen = [];
            using var barrier = new Barrier(Math.Max(4, ThreadPool.ThreadCount));
            await Task.WhenAll(Enumerable.Range(0, barrier.ParticipantCount).Select(_ => Task.Run(() =>
            {
                seen[Environment.CurrentManagedThreadId] = NetworkNamespaceTests.CurrentNamespace();
                barrier.SignalAndWait(TimeSpan.FromSeconds(30));
            })));
            return [.. seen.Values];
        }
    }
}
