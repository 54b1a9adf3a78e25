using System.Numerics;
using System.Text.Json;
using Foresight.Chain.Signing;
using Nethereum.Signer.EIP712;
using Xunit;

namespace Foresight.Chain.Tests.Signing;

public sealed class OrderSigningTests
{
    [Fact]
    public void TypeHashes_AreTheOnesThatWalletsAndContractsUse()
    {
        Assert.Equal("0x3815b8ba52cfe89ee9d3df74b484efb2ed96225e935f763c8582079b8a92fd11", OrderMessage.OrderTypeHash.ToString());
        Assert.Equal("0x8180cb68ad277bb6cd1e1243385755e89437631420d0692ce7d6d14885907d47", CancelSaltMessage.CancelTypeHash.ToString());
    }

    [Fact]
    public void Orders_HashAndSign_AsAWalletDoes()
    {
        foreach (var vector in Vectors.List("typedData", "orders"))
        {
            var (domain, order) = (vector.GetProperty("domain").Domain(), vector.GetProperty("order").Order());
            var key = new PrivateKey(vector.Bytes("key"));

            Assert.Equal(vector.Text("separator"), domain.Separator.ToString());
            Assert.Equal(vector.Text("structHash"), order.StructHash().ToString());
            Assert.Equal(vector.Text("digest"), OrderSigning.OrderHash(domain, order).ToString());
            Assert.Equal(vector.Text("signature"), Hex.Encode(OrderSigning.Sign(domain, order, key)));
            Assert.True(OrderSigning.Check(OrderSigning.OrderHash(domain, order), vector.Bytes("signature"), order.Maker).IsValid);
        }
    }

    [Fact]
    [Trait("Category", "Parts")]
    public void Nethereum_HashesAndRecoversOrdersTheSame()
    {
        var signer = new Eip712TypedDataSigner();
        foreach (var vector in Vectors.List("typedData", "orders").Take(6))
        {
            var typedData = JsonSerializer.Serialize(
                new
                {
                    domain = vector.GetProperty("domain"),
                    primaryType = "Order",
                    message = vector.GetProperty("order"),
                    types = new
                    {
                        EIP712Domain = Fields("string name,string version,uint256 chainId,address verifyingContract"),
                        Order = Fields(OrderMessage.OrderType["Order(".Length..^1]),
                    },
                }
            );
            Assert.Equal(vector.Text("digest"), Hex.Encode(Keccak256.Hash(signer.EncodeTypedData(typedData)).ToBytes()));
            Assert.Equal(
                Address.Parse(vector.GetProperty("order").Text("maker")),
                Address.Parse(signer.RecoverFromSignatureV4(typedData, vector.Text("signature")))
            );
        }

        static object[] Fields(string list) => [.. list.Split(',').Select(f => f.Split(' ')).Select(f => new { name = f[1], type = f[0] })];
    }

    [Fact]
    public void Cancels_HashAndSign_AsAWalletDoes()
    {
        foreach (var vector in Vectors.List("typedData", "cancels"))
        {
            var domain = vector.GetProperty("domain").Domain();
            var cancel = new CancelSaltMessage(
                Address.Parse(vector.GetProperty("cancel").Text("maker")),
                vector.GetProperty("cancel").Integer("salt")
            );

            Assert.Equal(vector.Text("digest"), OrderSigning.CancelHash(domain, cancel).ToString());
            Assert.Equal(vector.Text("signature"), Hex.Encode(OrderSigning.Sign(domain, cancel, new PrivateKey(vector.Bytes("key")))));
        }
    }

    [Fact]
    public void Matrix_EverySignatureThatIsNotTheMakersOfThisOrderInThisMarket_IsRefused()
    {
        var matrix = Vectors.At("matrix");
        var (domain, order) = (matrix.GetProperty("domain").Domain(), matrix.GetProperty("order").Order());
        var digest = OrderSigning.OrderHash(domain, order);

        Assert.True(OrderSigning.Check(digest, matrix.Bytes("signature"), order.Maker).IsValid);
        foreach (var wrong in matrix.GetProperty("cases").EnumerateArray())
        {
            var check = OrderSigning.Check(digest, wrong.Bytes("signature"), order.Maker);
            Assert.False(check.IsValid, wrong.Text("name"));
            Assert.Equal(SignatureFault.None, check.Fault);
            Assert.False(check.Recovered.IsZero);
        }

        foreach (var malformed in matrix.GetProperty("malformed").EnumerateArray())
        {
            var check = OrderSigning.Check(digest, malformed.Bytes("signature"), order.Maker);
            Assert.False(check.IsValid, malformed.Text("name"));
            Assert.Equal(Enum.Parse<SignatureFault>(malformed.Text("fault")), check.Fault);
        }

        // No signature recovers to the zero address, so it can never be a maker.
        Assert.False(OrderSigning.Check(digest, new byte[65], Address.Zero).IsValid);
        Assert.False(OrderSigning.Check(digest, matrix.Bytes("signature"), Address.Zero).IsValid);
    }

    [Fact]
    public void Diagnosis_NamesTheDomainFieldThatWasWrong_AndNoneWhereTheDomainWasRight()
    {
        var matrix = Vectors.At("matrix");
        var (domain, order) = (matrix.GetProperty("domain").Domain(), matrix.GetProperty("order").Order());
        var diagnostician = new SignatureDiagnostician([domain.VerifyingContract, Address.Parse(matrix.Text("otherMarket"))]);

        foreach (var wrong in matrix.GetProperty("cases").EnumerateArray())
        {
            var diagnosis = diagnostician.Explain(domain, order.StructHash(), wrong.Bytes("signature"), order.Maker);
            Assert.Equal(OrderSigning.OrderHash(domain, order), diagnosis.ExpectedDigest);
            Assert.Equal(wrong.GetProperty("field").GetString(), diagnosis.DomainField);
            Assert.Equal(wrong.GetProperty("value").GetString(), diagnosis.DomainValue);
            Assert.NotEqual(order.Maker, diagnosis.Recovered);
        }

        foreach (var malformed in matrix.GetProperty("malformed").EnumerateArray())
        {
            var diagnosis = diagnostician.Explain(domain, order.StructHash(), malformed.Bytes("signature"), order.Maker);
            Assert.Equal(Enum.Parse<SignatureFault>(malformed.Text("fault")), diagnosis.Fault);
            Assert.NotEmpty(diagnosis.Text);
        }
    }

    [Fact]
    public void OfUnits_ScalesTicksAndLotsToTheChainsUnits()
    {
        var order = OrderMessage.OfUnits(
            Address.Zero,
            1,
            isBuy: true,
            priceTicks: 9_999,
            quantityLots: 1_000_000_000_000,
            salt: 1,
            expirySeconds: 0
        );
        Assert.Equal(999_900, order.Price);
        Assert.Equal(BigInteger.Pow(10, 28), order.Amount);
    }

    [Fact]
    public void OrderHash_OfANumberBeyond256Bits_IsRefused()
    {
        var domain = TypedDataDomain.OfMarket(1, Address.Zero);
        var order = OrderMessage.OfUnits(Address.Zero, 0, true, 1, 1, Word.MaxUInt256 + 1, 0);
        Assert.Throws<OverflowException>(() => OrderSigning.OrderHash(domain, order));
        Assert.Throws<OverflowException>(() => OrderSigning.OrderHash(domain, order with { Salt = -1 }));
    }

    [Fact]
    public void SaltTag_IsTheBeginningOfTheSaltsHash() => Assert.Equal(Keccak256.Hash(Word.ToBytes(42)).Prefix, OrderSigning.SaltTag(42));

    [Fact]
    public void PersonalMessages_HashAndSign_AsAWalletDoes()
    {
        foreach (var vector in Vectors.List("messages"))
        {
            var message = vector.Text("message");
            Assert.Equal(vector.Text("hash"), PersonalMessage.Hash(message).ToString());
            Assert.Equal(vector.Text("signature"), Hex.Encode(PersonalMessage.Sign(message, new PrivateKey(vector.Bytes("key")))));
            Assert.Equal(SignatureFault.None, PersonalMessage.Recover(message, vector.Bytes("signature"), out var signer));
            Assert.Equal(vector.Text("address"), signer.ToString());
        }
    }
}
