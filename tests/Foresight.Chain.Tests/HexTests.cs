using System.Numerics;
using Xunit;

namespace Foresight.Chain.Tests;

public sealed class HexTests
{
    [Theory]
    [InlineData("0", "0x0")]
    [InlineData("1", "0x1")]
    [InlineData("15", "0xf")]
    [InlineData("16", "0x10")]
    [InlineData("128", "0x80")]
    [InlineData("255", "0xff")]
    [InlineData("340282366920938463463374607431768211455", "0xffffffffffffffffffffffffffffffff")]
    public void Quantity_HasNoLeadingZeros(string number, string text)
    {
        Assert.Equal(text, Hex.EncodeQuantity(BigInteger.Parse(number)));
        Assert.Equal(BigInteger.Parse(number), Hex.DecodeQuantity(text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("12")]
    [InlineData("0x-1")]
    [InlineData("0x1g")]
    [InlineData("0x 1")]
    [InlineData("0x10000000000000000000000000000000000000000000000000000000000000000")]
    public void DecodeQuantity_OfAnythingElse_IsRefused(string text) => Assert.Throws<FormatException>(() => Hex.DecodeQuantity(text));

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("0x0")]
    [InlineData("0xzz")]
    public void Decode_OfAnythingElse_IsRefused(string text) => Assert.Throws<FormatException>(() => Hex.Decode(text));

    [Fact]
    public void Word_RefusesWhatDoesNotFit()
    {
        var word = new byte[32];
        Word.Write(Word.MaxUInt256, word);
        Assert.All(word, b => Assert.Equal(0xff, b));
        Assert.Throws<OverflowException>(() => Word.Write(Word.MaxUInt256 + 1, word));
        Assert.Throws<OverflowException>(() => Word.Write(BigInteger.MinusOne, word));
    }
}
