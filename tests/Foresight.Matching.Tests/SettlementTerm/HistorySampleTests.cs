using Foresight.Matching.SettlementTerm;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.SettlementTerm;

public sealed class HistorySampleTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    [Fact]
    public void ANodeThatLeadsTwoShards_CountsOnce_AndTheSlowestCommitsAreShown()
    {
        var sample = HistorySample.Of(
            [LeaderOf("a", 10, 2, 8), LeaderOf("a", 10, 2, 8), LeaderOf("b", 5, 4, 6)],
            [NodeOf("api-1", 3), NodeOf("api-2", 4), NodeOf("a", null)],
            isHalted: false,
            [EndpointOf(true), EndpointOf(false)]
        );
        Assert.Equal(
            (15, 3, 4, 8, 7),
            (sample.OrdersPerSecond, sample.TradesPerSecond, sample.CommitP50Ms, sample.CommitP99Ms, sample.HubConnections)
        );
        Assert.Empty(sample.Problems);
    }

    [Fact]
    public void WhatCannotBeRead_IsNull_AndAProblem()
    {
        var sample = HistorySample.Of([null], nodes: null, isHalted: true, [EndpointOf(false)]);
        Assert.Equal(
            (null, null, null, null, null),
            (sample.OrdersPerSecond, sample.TradesPerSecond, sample.CommitP50Ms, sample.CommitP99Ms, sample.HubConnections)
        );
        Assert.Equal(HistoryProblems.All, sample.Problems);
    }

    [Fact]
    public void AShardWithoutALeader_IsAProblem_AndTheOthersCount()
    {
        var sample = HistorySample.Of([null, LeaderOf("b", 5, null, null)], [], isHalted: false, []);
        Assert.Equal((5, null, null), (sample.OrdersPerSecond, sample.CommitP50Ms, sample.HubConnections));
        Assert.Equal([HistoryProblems.NoLeader], sample.Problems);
    }

    private static MatchingNodeStatus LeaderOf(string node, double orders, double? half, double? most) =>
        new(node, NodeStates.Active, 1, 1, orders, orders / 5, 0, Now) { CommitP50Ms = half, CommitP99Ms = most };

    private static NodeRecord NodeOf(string node, int? connections) =>
        new(node, "api", "", NodeStates.Running, "1.0", 1, Now, Now, []) { HubConnections = connections };

    private static ChainEndpointView EndpointOf(bool isWell) => new("rpc-1", isWell, 1, 0, null);
}
