using System.Text;
using Foresight.Bench.Enemy;

namespace Foresight.Bench.Tests.Enemy;

/// <summary>A listener that overlooks a secret would let the verb pass.</summary>
public sealed class LootTests
{
    private static readonly byte[] Signature = [.. Enumerable.Range(0, 65).Select(i => (byte)(i * 7))];

    private readonly Loot _loot = new(["the cluster's secret"]);

    public LootTests() => _loot.Protect("0x" + Convert.ToHexStringLower(Signature));

    public static TheoryData<string, byte[]> Carriers =>
        new()
        {
            { "hexadecimal digits", Encoding.UTF8.GetBytes($$"""{"signature":"0x{{Convert.ToHexStringLower(Signature)}}"}""") },
            { "capital digits without 0x", Encoding.UTF8.GetBytes($$"""{"signature":"{{Convert.ToHexString(Signature)}}"}""") },
            { "base64", Encoding.UTF8.GetBytes($$"""{"signature":"{{Convert.ToBase64String(Signature)}}"}""") },
            { "bytes", [1, 2, 3, .. Signature, 4] },
        };

    [Theory]
    [MemberData(nameof(Carriers))]
    public void ASignature_IsSeen(string form, byte[] carrier)
    {
        _loot.TakeMessage($"a channel with {form}", carrier);
        Assert.Single(_loot.SecretsSeen);
    }

    [Fact]
    public void TheSecret_IsSeen()
    {
        _loot.TakeValue("key", Encoding.UTF8.GetBytes("x the cluster's secret y"));
        Assert.Single(_loot.SecretsSeen);
    }

    [Fact]
    public void AnotherSignature_IsNoSecret()
    {
        byte[] other = [.. Signature[..64], 1];
        _loot.TakeMessage("channel", other);
        _loot.TakeMessage("channel", Encoding.UTF8.GetBytes($"0x{Convert.ToHexStringLower(other)}"));
        Assert.Empty(_loot.SecretsSeen);
    }
}
