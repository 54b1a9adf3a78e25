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
}
