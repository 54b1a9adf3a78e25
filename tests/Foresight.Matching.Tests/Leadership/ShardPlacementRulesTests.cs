using Foresight.Matching.Leadership;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Leadership;

public sealed class ShardPlacementRulesTests
{
    private static readonly LeaseOptions Options = new();

    [Fact]
    public void ANodeThatLeadsNothing_BidsAtOnce() => Assert.Equal(TimeSpan.Zero, ShardPlacementRules.BidDelay(0, Options));

    [Fact]
    public void ANodeThatLeadsMore_WaitsLonger_ButNeverHalfALease()
    {
        var delays = Enumerable.Range(0, Shards.Maximum).Select(leads => ShardPlacementRules.BidDelay(leads, Options)).ToList();
        Assert.Equal(delays.Order(), delays);
        Assert.True(delays[1] >= Options.PollInterval, "whoever leads less looks once in this time");
        Assert.All(delays, delay => Assert.True(delay <= Options.LeaseDuration / 2));
        Assert.All(
            Enumerable
                .Range(0, 5)
                .Select(leads => ShardPlacementRules.BidDelay(leads, Options with { PollInterval = Options.LeaseDuration * 0.9 })),
            delay => Assert.True(delay <= Options.LeaseDuration / 2)
        );
    }

    [Theory]
    [InlineData(3, new[] { 0, 0 }, true)]
    [InlineData(2, new[] { 1, 0 }, true)]
    [InlineData(1, new[] { 0, 0 }, false)]
    [InlineData(2, new[] { 1, 1 }, false)]
    [InlineData(16, new int[0], false)]
    public void AShardIsGivenAway_OnlyIfItEvensTheNodesOut(int leads, int[] others, bool expected) =>
        Assert.Equal(expected, ShardPlacementRules.ShouldHandOver(leads, others));

    [Fact]
    public void GivingAway_ComesToAnEnd_FromEverySpread()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var nodes = Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(0, 8)).ToArray();
            var steps = 0;
            while (
                Array.FindIndex(nodes, leads => ShardPlacementRules.ShouldHandOver(leads, [.. nodes.Order().SkipLast(1)]))
                    is >= 0
                        and var from
            )
            {
                nodes[from]--;
                nodes[Array.IndexOf(nodes, nodes.Min())]++;
                Assert.True(++steps < 100, $"seed {seed}: {string.Join(' ', nodes)}");
            }

            Assert.True(nodes.Max() - nodes.Min() < 2 || nodes.Length == 1, $"seed {seed}: {string.Join(' ', nodes)}");
        }
    }

    [Theory]
    [InlineData("active", "active")]
    [InlineData("recovering", "follower", "recovering", "acquiring")]
    [InlineData("active", "draining", "active")]
    [InlineData("draining", "follower", "draining")]
    [InlineData("follower", "follower", "follower")]
    public void ANodeIs_WhatItsFurthestShardIs(string expected, params string[] shards) =>
        Assert.Equal(expected, ShardPlacementRules.NodeState(shards));

    [Fact]
    public void ClaimsOfOneNode_CountEachOther_AndOtherResourcesDoNot()
    {
        var share = new ShardPlacement();
        Assert.True(share.TryClaim(LeasedResources.Settlement, TimeSpan.Zero, Options, out _));
        Assert.True(share.TryClaim(LeasedResources.MatchingOf(0), TimeSpan.Zero, Options, out _));
        Assert.False(share.TryClaim(LeasedResources.MatchingOf(1), TimeSpan.Zero, Options, out var delay));
        Assert.True(share.TryClaim(LeasedResources.MatchingOf(1), delay, Options, out _));
        share.Release(LeasedResources.MatchingOf(0));
        share.Release(LeasedResources.MatchingOf(1));
        Assert.True(share.TryClaim(LeasedResources.MatchingOf(2), TimeSpan.Zero, Options, out _));
    }

    [Fact]
    public void AHandOver_EndsTheTermOfThatShardAlone()
    {
        var share = new ShardPlacement();
        foreach (var shard in new[] { 0, 1 })
            share.TryClaim(LeasedResources.MatchingOf(shard), TimeSpan.MaxValue, Options, out _);
        var (first, second) = (share.HandsOver(LeasedResources.MatchingOf(0)), share.HandsOver(LeasedResources.MatchingOf(1)));
        share.SetState(LeasedResources.MatchingOf(1), "active");
        Assert.Equal([LeasedResources.MatchingOf(1)], share.Active());
        share.HandOver(LeasedResources.MatchingOf(1));
        Assert.True(SpinWait.SpinUntil(() => second.IsCancellationRequested, TimeSpan.FromSeconds(30)));
        Assert.False(first.IsCancellationRequested);
    }

    [Theory]
    [InlineData("matching-engine", 0)]
    [InlineData("matching-engine-7", 7)]
    [InlineData("matching-engine-0", null)]
    [InlineData("matching-engine-x", null)]
    [InlineData("settlement", null)]
    public void AResourceTells_WhichShardItIs(string resource, int? shard)
    {
        Assert.Equal(shard, LeasedResources.ShardOf(resource));
        if (shard is { } number)
            Assert.Equal(resource, LeasedResources.MatchingOf(number));
    }
}
