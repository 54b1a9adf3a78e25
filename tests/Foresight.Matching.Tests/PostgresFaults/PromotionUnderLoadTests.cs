using Foresight.Matching.Tests.Leadership;
using Foresight.Matching.Tests.Nodes;
using Xunit.Abstractions;

namespace Foresight.Matching.Tests.PostgresFaults;

public sealed class PromotionUnderLoadTests(ITestOutputHelper output)
{
    private const string Refusal = "refused: it is an old primary on timeline 1";

    [Fact]
    public async Task WithASynchronousStandby_NothingAcknowledgedIsLost()
    {
        await using var stores = await ReplicatedStores.StartAsync(synchronous: true);
        var lost = await LoseThePrimaryAsync(stores, behind: 0);
        Assert.Equal(0, lost);
    }

    [Fact]
    public async Task WithAnAsynchronousStandby_WhatItDidNotHaveIsLost_AndNothingElse()
    {
        await using var stores = await ReplicatedStores.StartAsync(synchronous: false);
        var lost = await LoseThePrimaryAsync(stores, behind: 100);
        Assert.True(lost >= 100, $"{lost} acknowledged orders are lost, and the standby lacked more");
    }

    private async Task<int> LoseThePrimaryAsync(ReplicatedStores stores, int behind)
    {
        await using var cluster = TestCluster.Over(stores);
        await using var nodes = await LiveNodes.StartAsync(cluster);
        await using var load = new Load(nodes.Client, cluster);
        await load.AcknowledgedAsync(50);
        var sender = await StreamingStandby.SenderAsync(stores.Postgres);
        if (behind > 0)
        {
            NodeProcess.Pause(sender);
            // The standby has at most what was committed by now.
            var newest = await cluster.ScalarAsync<long>("SELECT max(sequence) FROM commands");
            await load.AcknowledgedAsync(behind, after: newest);
        }

        var killing = stores.KillAsync("postgres");
        // A stopped WAL sender does not notice that its server is gone, so it is killed.
        if (behind > 0)
            NodeProcess.KillNow(sender);
        await killing;
        await stores.PromoteAsync();
        await load.AcknowledgedAsync(50);
        nodes.AssertNoneEnded();

        await stores.StartAgainAsync("postgres");
        await nodes.AllSaidAsync(Refusal);
        await load.AcknowledgedAsync(50);
        Assert.Equal(0, await StreamingStandby.RowsWrittenAsync(stores.Postgres));
        var gone = await StreamingStandby.UnreplicatedAsync(stores.Postgres, stores.Standby!);
        var lost = await load.AssertNothingLostOrDoubledAsync(gone);
        output.WriteLine($"{gone.Count} commands had not reached the standby; {lost} of them were acknowledged orders.");
        return lost;
    }
}
