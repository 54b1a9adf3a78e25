using Foresight.Protocol;

namespace Foresight.Protocol.Tests;

public sealed class DecimalsTests
{
    [Theory]
    [InlineData(1, "0.0001")]
    [InlineData(5_500, "0.55")]
    [InlineData(9_999, "0.9999")]
    [InlineData(10_000, "1")]
    public void APrice_IsUsdcPerShare(int ticks, string expected) => Assert.Equal(expected, Decimals.Price(ticks));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "0.01")]
    [InlineData(1_250, "12.5")]
    [InlineData(1_000_000_000_000, "10000000000")]
    public void Shares_AreHundredLotsEach(long lots, string expected) => Assert.Equal(expected, Decimals.Shares(lots));

    [Theory]
    [InlineData(-1, "-0.000001")]
    [InlineData(1_000_000, "1")]
    [InlineData(long.MaxValue, "9223372036854.775807")]
    [InlineData(long.MinValue, "-9223372036854.775808")]
    public void Usdc_IsExact_AsFarAsALongGoes(long micros, string expected) => Assert.Equal(expected, Decimals.Usdc(micros));
}
