using System.Collections.Concurrent;
using System.Diagnostics;
using Foresight.Client.Live;
using Foresight.Client.Vault;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
using Microsoft.AspNetCore.SignalR.Client;

namespace Foresight.EndToEnd.Tests;

/// <summary>What becomes of withdrawals reaches their owner at every Api node, also after the node that settles was killed.</summary>
[Collection(FirmCollection.Name)]
[Trait("Category", "Firm")]
public sealed class WithdrawalMessageTests(FirmFixture stack)
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task EachChange_ReachesTheOwnerAtBothNodes_Once_AlsoAfterAFailover()
    {
        await stack.WaitUntilTradingAsync();
        using var deadline = new CancellationTokenSource(Bound);
        var (owner, stranger) = (stack.Traders[6], stack.Traders[7]);
        var vault = new VaultClient(stack.Chain, stack.Venue, owner.Key);
        await using var here = await FollowedAsync(owner, node: 1, deadline.Token);
        await using var there = await FollowedAsync(owner, node: 2, deadline.Token);
        await using var other = await FollowedAsync(stranger, node: 1, deadline.Token);

        await vault.DepositAsync(VaultAsset.Usdc, 20m, deadline.Token);
        await Eventually.TrueAsync(
            "the exchange has seen the deposit",
            Eventually.Patience,
            async () =>
                (await stack.Api.AccountAsync(owner.Address.ToString(), deadline.Token))!.Vault is { } purses
                && purses.Any(purse => purse is { Asset: "USDC", Available: "20" })
        );
        await vault.WithdrawNowAsync(stack.Api, VaultAsset.Usdc, 5m, stop: deadline.Token);
        await vault.RequestWithdrawalAsync(VaultAsset.Usdc, 9m, deadline.Token);
        string[] first = ["co_signature granted 5", "co_signature co_signed 5", "co_signature paying 5", "request leaving 9"];
        foreach (var node in new[] { here, there })
            await node.HasAsync(first);

        var holder = await HolderAsync();
        using (var process = Process.GetProcessById(holder.ProcessId))
        {
            process.Kill();
            await process.WaitForExitAsync(deadline.Token);
        }

        await vault.CancelWithdrawalAsync(VaultAsset.Usdc, deadline.Token);
        foreach (var node in new[] { here, there })
            await node.HasAsync([.. first, "request cancelled 9"]);
        Assert.True((await HolderAsync()).Epoch > holder.Epoch);
        // Each node knows that a message may have been lost with its sender.
        foreach (var node in new[] { here, there })
        {
            await Eventually.TrueAsync("the gap is told", Eventually.Patience, () => node.Missed.Contains("withdrawals"));
            Assert.Distinct(node.Seen);
            Assert.Distinct(node.Places);
        }

        Assert.Empty(other.Seen);
        await stack.BringBackAsync(holder.NodeId);
    }

    private async Task<(string NodeId, int ProcessId, long Epoch)> HolderAsync()
    {
        var status = await stack.GetAsAdminAsync<ClusterStatus>("cluster/status");
        var lease = status.Resources.Single(one => one.Resource == LeasedResources.Settlement);
        return (lease.NodeId!, status.Nodes.Single(node => node.NodeId == lease.NodeId).ProcessId, lease.Epoch);
    }

    private async Task<Follower> FollowedAsync(Trader trader, int node, CancellationToken stop)
    {
        var hub = new HubConnectionBuilder().WithUrl(new Uri(new Uri(stack.ApiUrl(node)), "hubs/market")).Build();
        await hub.StartAsync(stop);
        var follower = new Follower(hub, trader);
        await follower.Stream.FollowAsync(stop);
        return follower;
    }

    private sealed class Follower : IAsyncDisposable
    {
        private readonly HubConnection _hub;

        public Follower(HubConnection hub, Trader trader)
        {
            _hub = hub;
            Stream = new AccountStream(hub, trader.Key) { Withdrawals = Take, Missed = Missed.Enqueue };
        }

        public AccountStream Stream { get; }
        public ConcurrentQueue<string> Seen { get; } = [];
        public ConcurrentQueue<(long, long)> Places { get; } = [];
        public ConcurrentQueue<string> Missed { get; } = [];

        /// <summary>Those in this order; a payment also becomes final, some time later.</summary>
        public Task HasAsync(string[] expected) =>
            Eventually.TrueAsync(
                $"{string.Join(", ", expected)} came; seen: {string.Join(", ", Seen)}",
                Eventually.Patience,
                () =>
                    OfKind("request").SequenceEqual(expected.Where(IsRequest))
                    && OfKind("co_").SequenceEqual(expected.Where(one => !IsRequest(one)))
            );

        public async ValueTask DisposeAsync()
        {
            Stream.Dispose();
            await _hub.DisposeAsync();
        }

        private void Take(WithdrawalsMessage message)
        {
            Places.Enqueue((message.Epoch, message.Sequence));
            foreach (var update in message.Withdrawals)
                Seen.Enqueue($"{update.Kind} {update.State} {update.Amount}");
        }

        private IEnumerable<string> OfKind(string kind) => Seen.Where(one => one.StartsWith(kind) && !one.Contains(" paid "));

        private static bool IsRequest(string one) => one.StartsWith("request");
    }
}
