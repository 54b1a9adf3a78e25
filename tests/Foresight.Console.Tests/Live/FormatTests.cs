using Foresight.Console.Live;

namespace Foresight.Console.Tests.Live;

public sealed class FormatTests
{
    [Theory]
    [InlineData(-5_000, "now")]
    [InlineData(1_499, "now")]
    [InlineData(1_500, "2 s ago")]
    [InlineData(89_000, "89 s ago")]
    [InlineData(90_000, "2 min ago")]
    [InlineData(5_340_000, "89 min ago")]
    [InlineData(5_400_000, "2 h ago")]
    [InlineData(126_000_000, "35 h ago")]
    [InlineData(259_200_000, "3 days ago")]
    public void Age_IsInTheUnitThatAPersonWouldUse(long milliseconds, string expected) =>
        Assert.Equal(expected, Format.Age(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(250, "250 ms")]
    [InlineData(1_000, "1 s")]
    [InlineData(1_550, "1.6 s")]
    [InlineData(89_000, "89 s")]
    [InlineData(600_000, "10 min")]
    [InlineData(7_200_000, "2 h")]
    [InlineData(259_200_000, "3 days")]
    public void Length_KeepsADecimalOnlyOfSeconds(long milliseconds, string expected) =>
        Assert.Equal(expected, Format.Length(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.04, "0.0")]
    [InlineData(12.34, "12.3")]
    [InlineData(100, "100")]
    [InlineData(12_345.6, "12,346")]
    public void Rate_HasOneDecimalBelowAHundred(double perSecond, string expected) => Assert.Equal(expected, Format.Rate(perSecond));

    [Theory]
    [InlineData(null, "–")]
    [InlineData(0.04, "0.0 ms")]
    [InlineData(9.96, "10.0 ms")]
    [InlineData(12.6, "13 ms")]
    [InlineData(9_999d, "9,999 ms")]
    [InlineData(12_340d, "12.3 s")]
    public void Milliseconds_BecomeSecondsFromTenOn(double? milliseconds, string expected) =>
        Assert.Equal(expected, Format.Milliseconds(milliseconds));

    [Theory]
    [InlineData(null, "–")]
    [InlineData(1_023L, "1023 B")]
    [InlineData(1_536L, "1.5 KB")]
    [InlineData(5_242_880L, "5 MB")]
    [InlineData(1_610_612_736L, "1.5 GB")]
    public void Bytes_AreInPowersOf1024(long? bytes, string expected) => Assert.Equal(expected, Format.Bytes(bytes));

    [Theory]
    [InlineData(null, 0, "–")]
    [InlineData("12345.5", 0, "12,345.5")]
    [InlineData("12345.5", 2, "12,345.50")]
    [InlineData("0.123456", 2, "0.123456")]
    [InlineData("9223372036854.775807", 0, "9,223,372,036,854.775807")]
    [InlineData("-3", 2, "-3.00")]
    [InlineData("no number", 2, "no number")]
    public void Number_IsExact_AndWhatIsNoneIsShownAsItIs(string? exact, int minimumDecimals, string expected) =>
        Assert.Equal(expected, Format.Number(exact, minimumDecimals));

    [Fact]
    public void Hash_KeepsWhatIsRecognised_AndShortTextWhole()
    {
        Assert.Equal("–", Format.Hash(null));
        Assert.Equal("0x123456789abc", Format.Hash("0x123456789abc"));
        Assert.Equal("0x123456…9f02", Format.Hash("0x1234567890abcdef9f02"));
    }

    [Theory]
    [InlineData("1500000000", "1.5 gwei")]
    [InlineData("0", "0 gwei")]
    [InlineData("1", "0.000000001 gwei")]
    [InlineData("1234567890123", "1,234.567890123 gwei")]
    [InlineData("no number", "no number")]
    [InlineData("99999999999999999999999999999999999999999999", "99999999999999999999999999999999999999999999")]
    public void Gwei_IsExact(string wei, string expected) => Assert.Equal(expected, Format.Gwei(wei));

    [Fact]
    public void TradeOfALaterShard_HasTheNumberWithoutItsShard() => Assert.Equal("1,017", Format.TradeNumber((3L << 48) + 1_017));

    [Fact]
    public void CountsSharesAndWords_AreWrittenForPeople()
    {
        Assert.Equal("1,234,567", Format.Count(1_234_567));
        Assert.Equal("12.5%", Format.Percent(0.125));
        Assert.Equal("100%", Format.Percent(1));
        Assert.Equal("missing offchain", Format.Words("missing_offchain"));
        Assert.Equal("0.33", Format.Coordinate(1 / 3d));
        Assert.Equal("1000000", Format.Coordinate(1_000_000));
    }
}
