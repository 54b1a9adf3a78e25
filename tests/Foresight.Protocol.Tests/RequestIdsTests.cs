using System.Security.Cryptography;
using System.Text;
using Foresight.Protocol;
using Xunit;

namespace Foresight.Protocol.Tests;

[Trait("Category", "Trust")]
public sealed class RequestIdsTests
{
    private const string Maker = "0x00000000000000000000000000000000000000a1";

    private static readonly PlaceOrder Order = new()
    {
        RequestId = Guid.NewGuid(),
        Hash = "0x" + new string('1', 64),
        Maker = Maker,
        MarketId = 1,
        Outcome = 0,
        IsBuy = true,
        PriceTicks = 100,
        Lots = 1,
        Salt = "1",
        Signature = "0x00",
    };

    private static readonly CancelBySalt Cancel = new(Maker, 1, "1") { RequestId = Guid.NewGuid(), Signature = "0x00" };

    /// <summary>Stored in journals, so these must not change.</summary>
    [Fact]
    public void ComputedIds_AreThoseOfTheJournal()
    {
        Assert.Equal(Guid.Parse("7a588db5-0b5f-82a8-8654-ae49b32c2007"), RequestIds.OfKey(Maker, "k1"));
        Assert.Equal(Guid.Parse("b501c458-7ae0-813a-8980-d9f5006ab76f"), RequestIds.OfFact("settle", "7"));
        Assert.Equal(Guid.Parse("00020000-0005-8300-8000-000000000009"), RequestIds.OfLeader(2, 5, 9));
        var old = SHA256.HashData(Encoding.UTF8.GetBytes("settle|7")).AsSpan(0, 16);
        Assert.Equal(new Guid(old, bigEndian: true), RequestIds.UntaggedOfFact("settle", "7"));
        var key = SHA256.HashData(Encoding.UTF8.GetBytes(Maker + "\nk1")).AsSpan(0, 16);
        Assert.Equal(new Guid(key), RequestIds.UntaggedOfKey(Maker, "k1"));
    }

    public static TheoryData<string, Guid> OfOthers =>
        new()
        {
            { "a settled trade", RequestIds.OfFact("settle", "7") },
            { "a fact of no content", RequestIds.OfNewFact() },
            { "the leader", RequestIds.OfLeader(0, 2, 3) },
            { "the leader of a high epoch", RequestIds.OfLeader(15, int.MaxValue, 1L << 50) },
            { "another maker's key", RequestIds.OfKey("0x00000000000000000000000000000000000000a2", "k1") },
            { "another key of the maker", RequestIds.OfKey(Maker, "k2") },
            { "a hash", UntaggedOfVersion(version => version != 4) },
            { "nothing", Guid.Empty },
        };

    [Theory]
    [MemberData(nameof(OfOthers))]
    public void ATradersCommand_CarriesNoIdOfAnother(string whose, Guid id)
    {
        Assert.False(RequestIds.MayCarry(Order with { RequestId = id }), whose);
        Assert.False(RequestIds.MayCarry(Order with { RequestId = id, IdempotencyKey = "k1" }), whose);
        Assert.False(RequestIds.MayCarry(Cancel with { RequestId = id }), whose);
    }

    [Fact]
    public void TheIdOfAKey_IsThatOfItsOrdersOnly()
    {
        foreach (var id in new[] { RequestIds.OfKey(Maker, "k1"), RequestIds.UntaggedOfKey(Maker, "k1") })
            Assert.True(RequestIds.MayCarry(Order with { RequestId = id, IdempotencyKey = "k1" }), id.ToString());
        Assert.False(RequestIds.MayCarry(Order with { RequestId = RequestIds.OfKey(Maker, "k1") }));
        Assert.False(RequestIds.MayCarry(Cancel with { RequestId = RequestIds.OfKey(Maker, "k1") }));
    }

    [Fact]
    public void WhatSoundNodesSend_IsTaken()
    {
        for (var i = 0; i < 1_000; i++)
        {
            Assert.True(RequestIds.MayCarry(Order with { RequestId = Guid.NewGuid() }));
            Assert.True(RequestIds.MayCarry(Cancel with { RequestId = Guid.NewGuid() }));
            var trade = i.ToString();
            foreach (var id in new[] { RequestIds.OfFact("settle", trade), RequestIds.UntaggedOfFact("settle", trade), Guid.NewGuid() })
                Assert.True(RequestIds.MayCarry(new SettleTrade(i, 1) { RequestId = id }), $"{i}: {id}");
        }
    }

    [Fact]
    public void NotEvenAFact_CarriesAnIdOfTheLeader() =>
        Assert.False(RequestIds.MayCarry(new SettleTrade(1, 1) { RequestId = RequestIds.OfLeader(3, 4, 5) }));

    private static Guid UntaggedOfVersion(Func<int, bool> wanted) =>
        Enumerable.Range(0, 1_000).Select(trade => RequestIds.UntaggedOfFact("settle", trade.ToString())).First(id => wanted(id.Version));
}
