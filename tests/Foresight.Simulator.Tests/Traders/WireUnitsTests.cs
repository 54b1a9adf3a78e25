using Foresight.Simulator.Traders;

namespace Foresight.Simulator.Tests.Traders;

public sealed class WireUnitsTests
{
    [Theory]
    [InlineData("0.0001", 1)]
    [InlineData("0.55", 5_500)]
    [InlineData("1", 10_000)]
    public void APrice_IsReadInTicks(string text, int ticks) => Assert.Equal(ticks, WireUnits.ParseTicks(text));

    [Fact]
    public void Amounts_AreReadExactly()
    {
        Assert.Equal(1_250, WireUnits.ParseLots("12.5"));
        Assert.Equal(long.MaxValue, WireUnits.ParseMicros("9223372036854.775807"));
        Assert.Equal(-1, WireUnits.ParseMicros("-0.000001"));
    }

    [Theory]
    [InlineData("0.005")]
    [InlineData("1e3")]
    [InlineData("1,5")]
    [InlineData("")]
    public void WhatTheUnitCannotHold_IsNoAmount(string text) => Assert.Throws<FormatException>(() => WireUnits.ParseLots(text));

    [Fact]
    public void AnOverflow_IsNoOtherAmount() => Assert.Throws<OverflowException>(() => WireUnits.ParseMicros("9223372036854.775808"));
}
