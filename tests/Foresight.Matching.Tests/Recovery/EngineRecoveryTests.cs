using Foresight.Matching.Tests.Nodes;
using Foresight.Matching.Tests.Stores;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Recovery;

[Collection(StoresCollection.Name)]
public sealed class EngineRecoveryTests(StoresFixture stores)
{
    private const int TraderCount = 8;

    /// <summary>A duplicate is definite too: the salt of a cancel was cancelled before.</summary>
    private static readonly ResultStatus[] Definite = [ResultStatus.Accepted, ResultStatus.Rejected, ResultStatus.Duplicate];

    [Fact]
    public async Task AfterRandomCommandsAndHandOvers_TheLiveEngineEqualsTheReplay_AndTheTablesEqualTheEngine()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        var traders = new Traders(seed: 20);
        var placed = new List<PlaceOrder>();
        var node = await TestNode.StartAsync("n1", cluster);
        try
        {
            await node.ActiveAsync();
            await FundAsync(node);
            for (var round = 0; round < 4; round++)
            {
                for (var i = 0; i < 20; i++)
                {
                    var commands = Enumerable.Range(0, 50).Select(_ => traders.Any(TraderCount, placed)).ToList();
                    var results = await node.Router.SendAsync(commands);
                    Assert.All(results, result => Assert.Contains(result.Status, Definite));
                    placed.AddRange(commands.OfType<PlaceOrder>());
                }

                var proof = await node.ProofAsync();
                Assert.Equal(await cluster.ReplayHashAsync(proof.Sequence), proof.StateHash);

                var next = await TestNode.StartAsync($"n{round + 2}", cluster);
                await node.DisposeAsync();
                node = next;
                await node.ActiveAsync();
                Assert.Equal((proof.Sequence, proof.StateHash), await ProofOfAsync(node, proof.Sequence));
            }
        }
        finally
        {
            await node.DisposeAsync();
        }

        Assert.True(await cluster.ScalarAsync<long>("SELECT count(*) FROM trades") > 100, "the flow must trade");
        await JournalChecks.AssertSoundAsync(cluster);
    }

    [Fact]
    public async Task ASnapshot_ShortensTheReplay_AndOneThatIsSpoiltIsNotUsed()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        var traders = new Traders(seed: 21);
        StateDigest proof;
        await using (var node = await TestNode.StartAsync("n1", cluster))
        {
            await node.ActiveAsync();
            await FundAsync(node);
            await node.Router.SendAsync([.. Enumerable.Range(0, 500).Select(_ => traders.Any(TraderCount, []))]);
            proof = await node.ProofAsync();
        }

        var middle = proof.Sequence / 2;
        await JournalChecks.StoreSnapshotAsync(cluster, await cluster.ReplayAsync(middle), spoilt: false);
        await JournalChecks.StoreSnapshotAsync(cluster, await cluster.ReplayAsync(middle + 10), spoilt: true);
        await using var next = await TestNode.StartAsync("n2", cluster);
        await next.ActiveAsync();
        Assert.Equal((proof.Sequence, proof.StateHash), await ProofOfAsync(next, proof.Sequence));
    }

    [Fact]
    public async Task AfterATakeOver_AnEarlierRequestGetsItsFirstAnswer()
    {
        await using var cluster = await TestCluster.CreateAsync(stores);
        var traders = new Traders(seed: 22);
        var place = traders.Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        CommandResult first;
        await using (var node = await TestNode.StartAsync("n1", cluster))
        {
            await node.ActiveAsync();
            await FundAsync(node);
            first = await node.Router.SendAsync(place);
        }

        await using var next = await TestNode.StartAsync("n2", cluster);
        await next.ActiveAsync();
        var again = await next.Router.SendAsync(place);
        Assert.Equal(
            (first.Status, first.Sequence, first.Epoch, first.OrderStatus),
            (again.Status, again.Sequence, again.Epoch, again.OrderStatus)
        );
        var cancel = await next.Router.SendAsync(Traders.CancelByHash(1, 1, place.Hash));
        Assert.Equal((ResultStatus.Accepted, first.Epoch + 1), (cancel.Status, cancel.Epoch));
    }

    private static async Task FundAsync(TestNode node)
    {
        var funding = Enumerable
            .Range(1, TraderCount)
            .SelectMany(trader =>
                new[]
                {
                    Traders.Fund(trader),
                    Traders.FundShares(trader, 1, 0),
                    Traders.FundShares(trader, 1, 1),
                    Traders.FundShares(trader, 2, 0),
                    Traders.FundShares(trader, 2, 1),
                    Traders.FundShares(trader, 2, 2),
                }
            );
        await node.Router.AcceptAsync([.. funding]);
    }

    /// <summary>
    /// Compared at one sequence, because a new leader may already have sequenced a command of its own, such as an expiry.
    /// </summary>
    private static async Task<(long, string)> ProofOfAsync(TestNode node, long sequence)
    {
        var proof = await node.ProofAsync();
        return proof.Sequence == sequence
            ? (proof.Sequence, proof.StateHash)
            : throw new InvalidOperationException($"The leader is at {proof.Sequence}, not {sequence}.");
    }
}
