using System.Text.Json;
using Foresight.Protocol;

namespace Foresight.Protocol.Tests;

/// <summary>Processes of different versions must agree on these names and numbers.</summary>
public sealed class ClusterContractTests
{
    [Theory]
    [InlineData(0, "matching-engine")]
    [InlineData(1, "matching-engine-1")]
    [InlineData(15, "matching-engine-15")]
    public void AShardsLease_HasItsNumber_AndTheNumberIsReadBack(int shard, string resource)
    {
        Assert.Equal(resource, LeasedResources.MatchingOf(shard));
        Assert.Equal(shard, LeasedResources.ShardOf(resource));
    }

    [Theory]
    [InlineData("settlement")]
    [InlineData("matching-engine-")]
    [InlineData("matching-engine-0")]
    [InlineData("matching-engine--1")]
    [InlineData("matching-engine-x")]
    [InlineData("matching-engines")]
    public void WhatIsNoShardsLease_HasNoShard(string resource) => Assert.Null(LeasedResources.ShardOf(resource));

    [Fact]
    public void AnId_HasItsShardAboveFortyEightBits()
    {
        Assert.Equal(0, Shards.OfId((1L << 48) - 1));
        Assert.Equal(Shards.Maximum - 1, Shards.OfId(((long)(Shards.Maximum - 1) << 48) + 7));
    }

    /// <summary>Nodes of the version before and after read the lease, so its members keep their names.</summary>
    [Fact]
    public void ALease_IsWrittenWithTheseNames()
    {
        var lease = new LeaseRecord("n1", "http://127.0.0.1:1", Guid.Empty, 7, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        var text = JsonSerializer.Serialize(lease, JsonSerializerOptions.Web);
        Assert.Equal(
            """{"nodeId":"n1","address":"http://127.0.0.1:1","token":"00000000-0000-0000-0000-000000000000","epoch":7"""
                + ""","acquiredAt":"1970-01-01T00:00:00+00:00","lastRenewedAt":"1970-01-01T00:00:00+00:00","durationMs":5000}""",
            text
        );
        Assert.Equal(lease, JsonSerializer.Deserialize<LeaseRecord>(text, JsonSerializerOptions.Web));
    }
}
