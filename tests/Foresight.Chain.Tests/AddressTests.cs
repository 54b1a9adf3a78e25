using System.Text.Json;
using Xunit;

namespace Foresight.Chain.Tests;

public sealed class AddressTests
{
    [Fact]
    public void ToString_CarriesTheChecksumThatWalletsShow()
    {
        foreach (var expected in Vectors.List("addresses").Select(a => a.GetString()!))
        {
            Assert.Equal(expected, Address.Parse(expected.ToLowerInvariant()).ToString());
            Assert.Equal(expected, Address.Parse("0x" + expected[2..].ToUpperInvariant()).ToString());
            Assert.Equal(expected.ToLowerInvariant(), Address.Parse(expected).ToLowerHex());
        }
    }

    [Fact]
    public void Parse_OfMixedCaseWithAWrongChecksum_IsRefused()
    {
        // At least two letters of each case, so that changing one leaves the case mixed.
        var right = Vectors
            .List("addresses")
            .Select(a => a.GetString()!)
            .First(a => a.Count(char.IsAsciiLetterUpper) > 1 && a.Count(char.IsAsciiLetterLower) > 2);
        var letter = right.Index().First(c => c.Index > 1 && char.IsAsciiLetter(c.Item));
        var flipped = char.IsAsciiLetterUpper(letter.Item) ? char.ToLowerInvariant(letter.Item) : char.ToUpperInvariant(letter.Item);
        var wrong = right[..letter.Index] + flipped + right[(letter.Index + 1)..];

        var error = Assert.Throws<FormatException>(() => Address.Parse(wrong));

        Assert.Contains("checksum", error.Message, StringComparison.Ordinal);
        Assert.False(Address.TryParse(wrong, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("0x")]
    [InlineData("00000000000000000000000000000000000000aa")]
    [InlineData("0x0000000000000000000000000000000000000a")]
    [InlineData("0x00000000000000000000000000000000000000aaa")]
    [InlineData("0x00000000000000000000000000000000000000ag")]
    [InlineData("0X00000000000000000000000000000000000000aa")]
    [InlineData("0x00000000000000000000000000000000000000\u0661\u0661")]
    public void Parse_OfAnythingElse_IsRefused(string text)
    {
        Assert.Throws<FormatException>(() => Address.Parse(text));
        Assert.False(Address.TryParse(text, out var address));
        Assert.True(address.IsZero);
    }

    [Fact]
    public void Addresses_CompareAndEqual_AsTheirBytes()
    {
        var sorted = Vectors.List("addresses").Select(a => Address.Parse(a.GetString()!)).Order().ToArray();
        var byText = sorted.OrderBy(a => a.ToLowerHex(), StringComparer.Ordinal).ToArray();

        Assert.Equal(byText, sorted);
        Assert.Equal(sorted[0], new Address(sorted[0].ToBytes()));
        Assert.Equal(sorted[0].GetHashCode(), new Address(sorted[0].ToBytes()).GetHashCode());
        Assert.NotEqual(sorted[0], sorted[1]);
    }

    [Fact]
    public void Json_IsTheText_AndAnythingElseIsRefused()
    {
        var address = Address.Parse("0x00000000000000000000000000000000000000aa");
        Assert.Equal("\"0x00000000000000000000000000000000000000AA\"", JsonSerializer.Serialize(address));
        Assert.Equal(address, JsonSerializer.Deserialize<Address>("\"0x00000000000000000000000000000000000000aa\""));
        foreach (var wrong in new[] { "1", "null", "\"0x\"", "[]", "{}" })
            Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<Address>(wrong));
    }

    [Fact]
    public void Hash32_ReadsAndWritesItsText()
    {
        var text = "0x" + new string('a', 63) + "b";
        Assert.Equal(text, Hash32.Parse(text).ToString());
        Assert.Equal(Hash32.Parse(text), new Hash32(Hash32.Parse(text).ToBytes()));
        Assert.Throws<FormatException>(() => Hash32.Parse(text + "00"));
        Assert.Throws<FormatException>(() => Hash32.Parse(text[2..]));
        Assert.Equal(0xaaaaaaaaaaaaaaaaUL, Hash32.Parse(text).Prefix);
    }
}
