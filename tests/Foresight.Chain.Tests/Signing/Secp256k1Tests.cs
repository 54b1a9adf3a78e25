using System.Numerics;
using Foresight.Chain.Signing;
using Xunit;

namespace Foresight.Chain.Tests.Signing;

public sealed class Secp256k1Tests
{
    public static TheoryData<string> Backends => Curves.Names;

    [Theory, MemberData(nameof(Backends))]
    public void PublicKey_AndAddress_AreTheOnesOfOthers(string backend)
    {
        foreach (var vector in Vectors.List("keys"))
        {
            var publicKey = new byte[64];
            Curves.Of(backend).PublicKey(vector.Bytes("key"), publicKey);
            Assert.Equal(vector.Bytes("publicKey")[1..], publicKey);
            Assert.Equal(vector.Text("address"), new PrivateKey(vector.Bytes("key"), Curves.Of(backend)).Address.ToString());
        }
    }

    [Theory, MemberData(nameof(Backends))]
    public void Sign_IsDeterministicAndRecoversToItsKey(string backend)
    {
        var curve = Curves.Of(backend);
        for (var i = 0; i < 8; i++)
        {
            var key = new PrivateKey(Keccak256.HashText($"key {i}").ToBytes(), curve);
            var digest = Keccak256.HashText($"message {i}");
            var signature = key.Sign(digest);

            Assert.Equal(signature, key.Sign(digest));
            Assert.Equal(SignatureFault.None, EcdsaSignature.CheckForm(signature));
            Assert.Equal(SignatureFault.None, EcdsaSignature.Recover(digest, signature, out var signer, curve));
            Assert.Equal(key.Address, signer);
        }
    }

    [Theory, MemberData(nameof(Backends))]
    public void IsValidPrivateKey_OnlyBetweenZeroAndTheGroupOrder(string backend)
    {
        var curve = Curves.Of(backend);
        var order = new BigInteger(Secp256k1.Order, isUnsigned: true, isBigEndian: true);
        Assert.False(curve.IsValidPrivateKey(new byte[32]));
        Assert.False(curve.IsValidPrivateKey(Secp256k1.Order));
        Assert.False(curve.IsValidPrivateKey(new byte[31]));
        Assert.False(curve.IsValidPrivateKey(Word.ToBytes(Word.MaxUInt256)));
        Assert.True(curve.IsValidPrivateKey(Word.ToBytes(1)));
        Assert.True(curve.IsValidPrivateKey(Word.ToBytes(order - 1)));
        Assert.Equal(order / 2, new BigInteger(Secp256k1.HalfOrder, isUnsigned: true, isBigEndian: true));
        Assert.Throws<ArgumentException>(() => new PrivateKey(Secp256k1.Order, curve));
        Assert.Throws<ArgumentException>(() => curve.Sign(new byte[32], new byte[32], new byte[64]));
    }

    [Fact]
    public void BothBackends_AgreeOnEverySignatureAndEveryRecovery()
    {
        var curves = Curves.All.ToArray();
        var random = new Random(712);
        for (var i = 0; i < 40; i++)
        {
            var (digest, rs) = (new byte[32], new byte[64]);
            random.NextBytes(digest);
            random.NextBytes(rs);

            // Now and then values at the edges, where implementations differ.
            if (i % 5 == 1) rs.AsSpan(0, 32).Clear();
            if (i % 5 == 2) Secp256k1.Order.CopyTo(rs);
            if (i % 5 == 3) rs.AsSpan(0, 30).Clear();
            if (i % 5 == 4) digest.AsSpan().Clear();
            for (var recoveryId = 0; recoveryId < 4; recoveryId++)
            {
                var answers = curves.Select(c =>
                {
                    var key = new byte[64];
                    return c.TryRecover(digest, rs, recoveryId, key) ? Hex.Encode(key) : "none";
                });
                Assert.Single(answers.Distinct());
            }

            var secret = Keccak256.Hash(rs).ToBytes();
            Assert.Single(curves.Select(c => Hex.Encode(EcdsaSignature.Sign(new Hash32(digest), secret, c))).Distinct());
        }
    }

    [Fact]
    public void PrivateKey_NeverShowsItsSecret()
    {
        const string Secret = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
        var key = PrivateKey.Parse("0x" + Secret);

        Assert.Equal("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", key.Address.ToString());
        Assert.DoesNotContain(Secret, key.ToString(), StringComparison.OrdinalIgnoreCase);
        var error = Assert.Throws<FormatException>(() => PrivateKey.Parse(Secret + "00"));
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Throws<FormatException>(() => PrivateKey.Parse(new string('0', 64)));
    }
}
