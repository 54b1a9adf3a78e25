using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Client.Tests;

public sealed class OrderSignerTests
{
    private const int ChainId = 31337;

    private static readonly OrderTerms Terms = new(
        "0x0000000000000000000000000000000000000001",
        Outcome: 1,
        IsBuy: false,
        Price: 0.1234m,
        Amount: 0.77m
    );

    private readonly PrivateKey _key = PrivateKey.OfPhrase("a trader of these tests");
    private readonly OrderSigner _signer = new(ChainId);

    [Fact]
    public void SignedOrder_IsNamedByTheHashThatItsMakerSigned()
    {
        var signed = _signer.Sign(_key, Terms with { ExpiresAt = DateTimeOffset.UnixEpoch.AddYears(70) });
        Assert.Equal(
            ("123400", "770000000000000000", false, "2208988800"),
            (signed.Request.Order.Price, signed.Request.Order.Amount, signed.Request.Order.IsBuy, signed.Request.Order.Expiry)
        );
        var hash = Hash32.Parse(signed.OrderId);
        var signature = Convert.FromHexString(signed.Request.Signature[2..]);
        Assert.True(OrderSigning.Check(hash, signature, _key.Address).IsValid);
    }

    [Fact]
    public void WhatIsNotSigned_IsSentAsItIs()
    {
        var request = _signer
            .Sign(
                _key,
                Terms with
                {
                    TimeInForce = "IOC",
                    PostOnly = true,
                    SelfTradePrevention = "cancel_both",
                    ClientOrderId = "mine",
                    Purse = Purses.Vault,
                    FirmOnly = true,
                }
            )
            .Request;
        Assert.Equal(
            ("IOC", true, "cancel_both", "mine", "vault", true),
            (request.TimeInForce, request.PostOnly, request.SelfTradePrevention, request.ClientOrderId, request.Purse, request.FirmOnly)
        );
    }

    [Fact]
    public void ACancel_IsSignedByTheMaker_ForTheSaltOfItsOrder()
    {
        var placement = _signer.Sign(_key, Terms);
        var cancel = _signer.SignCancel(_key, placement);
        Assert.Equal((placement.Request.Market, placement.Request.Order.Salt), (cancel.Market, cancel.Salt));
        var domain = TypedDataDomain.OfMarket(ChainId, Address.Parse(cancel.Market));
        var expected = OrderSigning.Sign(domain, new CancelSaltMessage(_key.Address, BigInteger.Parse(cancel.Salt)), _key);
        Assert.Equal(Hex.Encode(expected), cancel.Signature);
    }

    [Fact]
    public void ARegisteredKey_SignsOrdersAndCancels_ForItsAccount()
    {
        var account = Address.Parse("0x00000000000000000000000000000000000a11cd");
        var placement = _signer.Sign(_key, Terms, maker: account);
        Assert.Equal(account.ToString(), placement.Request.Order.Maker);
        var cancel = _signer.SignCancel(_key, placement);
        Assert.Equal(account.ToString(), cancel.Maker);
        var digest = OrderSigning.CancelHash(
            TypedDataDomain.OfMarket(ChainId, Address.Parse(cancel.Market)),
            new CancelSaltMessage(account, BigInteger.Parse(cancel.Salt))
        );
        Assert.True(OrderSigning.Check(digest, Hex.Decode(cancel.Signature), _key.Address).IsValid);
        Assert.True(OrderSigning.Check(Hash32.Parse(placement.OrderId), Hex.Decode(placement.Request.Signature), _key.Address).IsValid);
        Assert.Equal(cancel, _signer.SignCancel(_key, cancel.Market, cancel.Salt, account));
    }

    /// <summary>The exchange identifies an order by its hash, so the same hash again would be a duplicate.</summary>
    [Fact]
    public void TheSameTerms_AreAnotherOrderEachTime_ExceptUnderTheSameSalt()
    {
        Assert.Distinct(Enumerable.Range(0, 5).Select(_ => _signer.Sign(_key, Terms).OrderId));
        Assert.Equal(_signer.Sign(_key, Terms, salt: 7).OrderId, new OrderSigner(ChainId).Sign(_key, Terms, salt: 7).OrderId);
    }

    [Theory]
    [InlineData("0", "1", "A price is above 0 and below 1.")]
    [InlineData("1", "1", "A price is above 0 and below 1.")]
    [InlineData("-0.5", "1", "A price is above 0 and below 1.")]
    [InlineData("0.55555", "1", "A price is in steps of 0.0001; 0.55555 is none.")]
    [InlineData("0.5", "0", "An amount of shares is above 0.")]
    [InlineData("0.5", "-1", "An amount of shares is above 0.")]
    [InlineData("0.5", "0.005", "An amount of shares is in steps of 0.01; 0.005 is none.")]
    [InlineData("0.5", "92233720368547759", "An amount of shares is at most 92233720368547758.07.")]
    public void WhatTheUnitsCannotHold_IsNotSigned(string price, string amount, string error) =>
        Assert.Equal(
            error,
            Assert
                .Throws<ArgumentException>(() =>
                    _signer.Sign(
                        _key,
                        Terms with
                        {
                            Price = decimal.Parse(price, System.Globalization.CultureInfo.InvariantCulture),
                            Amount = decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture),
                        }
                    )
                )
                .Message
        );
}
