using Foresight.Api.Operations.Lookup;
using Foresight.Api.Reading;

namespace Foresight.Api.Tests.Operations.Lookup;

public sealed class LookupTextTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    public void ATextThatNothingCanMatch_IsRefused(string? text)
    {
        Assert.Null(LookupText.Of(text));
        ICheckedParameters parameters = new LookupParameters(text);
        Assert.Equal("q must have 1 to 128 characters, and no control characters.", parameters.Problem?.Detail);
    }

    [Fact]
    public void TheLongestText_IsAsLongAsAnIdempotencyKey()
    {
        Assert.NotNull(LookupText.Of(new string('k', 128)));
        Assert.Null(LookupText.Of(new string('k', 129)));
    }

    [Theory]
    [InlineData("0xabcde", false)]
    [InlineData("abcdef", true)]
    [InlineData("0xABCDEF", true)]
    [InlineData("0Xabcdef", true)]
    [InlineData("abcdeg", false)]
    public void SixHexadecimalDigits_AreTheBeginningOfAHash(string text, bool isOne) =>
        Assert.Equal(isOne, LookupText.Of(text)!.Hash is not null);

    [Fact]
    public void ABeginning_IsTheRangeOfAllThatBeginSo_AlsoWithinAByte()
    {
        var range = LookupText.Of("0xabcdef1")!.Address!;
        Assert.Equal($"ABCDEF1{new string('0', 33)}", Convert.ToHexString(range.First));
        Assert.Equal($"ABCDEF1{new string('F', 33)}", Convert.ToHexString(range.Last));
        Assert.False(range.IsWhole);
    }

    [Theory]
    [InlineData(40, true, true)]
    [InlineData(41, false, false)]
    [InlineData(64, false, false)]
    public void WhatIsLongerThanAnAddress_IsNone(int digits, bool isAddress, bool isWhole)
    {
        var text = LookupText.Of("0x" + new string('a', digits))!;
        Assert.Equal((isAddress, isWhole), (text.Address is not null, text.Address?.IsWhole ?? false));
        Assert.Equal(digits == 64, text.Hash!.IsWhole);
    }

    [Fact]
    public void SixDecimalDigits_AreANumberAndTheBeginningOfAHash()
    {
        var text = LookupText.Of(" 123456 ")!;
        Assert.Equal(("123456", 123_456L), (text.Text, text.Number));
        Assert.NotNull(text.Hash);
        Assert.Null(LookupText.Of("-5")!.Number);
        Assert.Null(LookupText.Of("9223372036854775808")!.Number);
    }
}
