using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Matching.Gateway;
using Foresight.Protocol;

namespace Foresight.Matching.Tests.Gateway;

[Trait("Category", "Trust")]
public sealed class SignedCommandTests
{
    /// <summary>A contract may accept anything, and an Api node that was broken into bounds nothing.</summary>
    [Theory]
    [InlineData(OrderSigning.MaxSignatureBytes, true)]
    [InlineData(OrderSigning.MaxSignatureBytes + 1, false)]
    public void ASignature_ThatNoTransactionCouldHold_IsNotRead(int bytes, bool isRead)
    {
        var order = new PlaceOrder
        {
            RequestId = Guid.NewGuid(),
            Deadline = DateTimeOffset.UnixEpoch,
            Shard = 0,
            Hash = "0x" + new string('a', 64),
            Maker = "0x" + new string('b', 40),
            MarketId = 1,
            Outcome = 0,
            IsBuy = true,
            PriceTicks = 5_000,
            Lots = 1,
            Salt = "1",
            ExpirySeconds = 0,
            Signature = Hex.Encode(new byte[bytes]),
            SignedByContract = true,
            TimeInForce = 0,
        };
        Assert.Equal(isRead, SignedCommand.Read(order) is not null);
    }

    /// <summary>Whose key it is, is looked up with the batch; that it made the signature is proof, for or against the sender.</summary>
    [Fact]
    public async Task AnOrderByARegisteredKey_IsAForgery_UnlessThatKeyHasSigned()
    {
        var guard = SignatureGuards.Of(chain: null, TimeProvider.System);
        var byKey = new Traders(seed: 52).Place(1, 1, 0, isBuy: true, price: 4_000, lots: 10);
        var digest = Hash32.Parse(byKey.Hash);
        byKey = byKey with { Signature = Hex.Encode(Traders.Key(2).Sign(digest)), SigningKey = Traders.Key(2).Address.ToLowerHex() };
        Assert.Null(await ForgedAsync(byKey));
        var byMaker = byKey with { Signature = Hex.Encode(Traders.Key(1).Sign(digest)) };
        Assert.Same(byMaker, await ForgedAsync(byMaker));
        var withoutKey = byKey with { SigningKey = null };
        Assert.Same(withoutKey, await ForgedAsync(withoutKey));
        var (_, refused) = await guard.FindFaultsAsync([byKey with { SigningKey = "0x12" }], CancellationToken.None);
        Assert.Equal(CommandGuard.Malformed, await Assert.Single(refused.Values));

        async Task<LeaderCommand?> ForgedAsync(PlaceOrder order) => (await guard.FindFaultsAsync([order], CancellationToken.None)).Forged;
    }
}
