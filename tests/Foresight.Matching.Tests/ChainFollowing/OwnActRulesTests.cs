using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Abi;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Chain.Signing;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.Tests.ChainFollowing;

[Trait("Category", "Trust")]
public sealed class OwnActRulesTests
{
    private static readonly Address Account = AddressOf(1);
    private static readonly Address Other = AddressOf(2);
    private static readonly Address Usdc = AddressOf(3);
    private static readonly Address Shares = AddressOf(4);
    private static readonly Address Factory = AddressOf(5);
    private static readonly Address Market = AddressOf(6);

    private static readonly Deployment Deployment = new(
        ChainId: 31337,
        default,
        Usdc,
        Shares,
        Factory,
        0,
        1,
        BlockOffset: 0,
        LongestOrderLife: TimeSpan.FromDays(1),
        [new DeployedMarket(1, Market, Outcomes: 2, State: 0)]
    );

    /// <summary>The trade needs 100. An approval is for all trades of the account, so 500 may leave too little for this one.</summary>
    [Theory]
    [InlineData(1_000, 999, true)]
    [InlineData(1_000, 500, true)]
    [InlineData(1_000, 0, true)]
    [InlineData(1_000, 1_000, false)]
    [InlineData(1_000, 2_000, false)]
    [InlineData(40, 60, false)]
    [InlineData(null, 99, true)]
    [InlineData(null, 100, false)]
    public void AnApproval_IsTakenBack_IfItIsLowerThanTheOneBefore(int? before, int approved, bool isTakenBack) =>
        Assert.Equal(isTakenBack, TookBackCollateral([Approval(Account, Factory, approved, transaction: 1)], before));

    [Fact]
    public void AnApprovalThatIsRaisedAndLoweredAgain_IsTakenBack() =>
        Assert.True(
            TookBackCollateral(
                [Approval(Account, Factory, 9_000, transaction: 1), Approval(Account, Factory, 2_000, transaction: 2)],
                before: 1_000
            )
        );

    [Fact]
    public void AnApprovalOfAnotherAccountOrForAnother_IsNone()
    {
        Assert.False(TookBackCollateral([Approval(Other, Factory, 0, transaction: 1)]));
        Assert.False(TookBackCollateral([Approval(Account, Other, 0, transaction: 1)]));
        Assert.False(TookBackCollateral([Approval(Account, Factory, 0, transaction: 1) with { Address = Other }]));
    }

    /// <summary>Some tokens report what a transfer has left of an approval.</summary>
    [Fact]
    public void WhatAStrangersFillHasLeftOfAnApproval_IsNoActOfTheAccount_UnlessItTookMoreBackItself()
    {
        var spent = Approval(Account, Factory, 40, transaction: 1);
        Assert.False(TookBackCollateral([spent, Fill(Account, transaction: 1)]));
        Assert.True(TookBackCollateral([spent, Fill(Other, transaction: 1)]));
        Assert.True(TookBackCollateral([spent, Fill(Account, transaction: 1), Approval(Account, Factory, 0, transaction: 2)]));
    }

    [Fact]
    public void AnApprovalOfShares_IsTakenBackByARevocation_AndNotByAGrant()
    {
        Assert.True(OwnActRules.TookBackShareApproval(Deployment, [ApprovalForAll(approved: false)], Account));
        Assert.False(OwnActRules.TookBackShareApproval(Deployment, [ApprovalForAll(approved: true)], Account));
        Assert.False(OwnActRules.TookBackShareApproval(Deployment, [ApprovalForAll(approved: false)], Other));
    }

    [Theory]
    [InlineData(100, true, 0, true, true)]
    [InlineData(100, true, 0, false, false)]
    [InlineData(99, true, 1, false, true)]
    [InlineData(98, true, 1, false, false)]
    [InlineData(0, false, 0, true, true)]
    [InlineData(0, false, 0, false, false)]
    [InlineData(0, true, 0, true, false)]
    public void AFailure_IsExplainedByActsThatMadeTheDifference(long balance, bool isApproved, long moved, bool tookBack, bool explains) =>
        Assert.Equal(explains, OwnActRules.Explains(100, balance, isApproved, moved, tookBack));

    private static bool TookBackCollateral(IReadOnlyList<EventLog> logs, int? before = 100) =>
        OwnActRules.TookBackCollateralApproval(Deployment, logs, Account, before, needed: 100);

    private static EventLog Approval(Address owner, Address spender, BigInteger value, int transaction) =>
        Log(Usdc, UsdcContract.ApprovalEvent, [Word(owner), Word(spender)], [Word(value)], transaction);

    private static EventLog ApprovalForAll(bool approved) =>
        Log(
            Shares,
            OutcomeTokenContract.ApprovalForAllEvent,
            [Word(Account), Word(Factory)],
            [Word(approved ? BigInteger.One : BigInteger.Zero)],
            transaction: 1
        );

    private static EventLog Fill(Address maker, int transaction) =>
        Log(
            Market,
            MarketEvents.OrderFilled,
            [Word(new BigInteger(7)), Word(maker), Word(BigInteger.Zero)],
            [Word(BigInteger.Zero), Word(BigInteger.One), Word(new BigInteger(500_000)), Word(BigInteger.Pow(10, 18))],
            transaction
        );

    private static EventLog Log(Address contract, AbiEvent what, byte[][] topics, byte[][] data, int transaction) =>
        new(
            contract,
            [what.Topic, .. topics.Select(topic => new Hash32(topic))],
            [.. data.SelectMany(word => word)],
            BlockNumber: 1,
            default,
            new Hash32(Word(new BigInteger(transaction))),
            TransactionIndex: 0,
            Index: 0,
            IsRemoved: false
        );

    private static byte[] Word(BigInteger value)
    {
        var word = new byte[32];
        value.ToByteArray(isUnsigned: true, isBigEndian: true).CopyTo(word, 32 - value.GetByteCount(isUnsigned: true));
        return word;
    }

    private static byte[] Word(Address address) => [.. new byte[12], .. address.ToBytes()];

    private static Address AddressOf(byte number) => new([.. new byte[19], number]);
}
