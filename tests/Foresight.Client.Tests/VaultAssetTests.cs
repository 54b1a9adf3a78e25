using System.Globalization;
using Foresight.Chain;
using Foresight.Client.Vault;

namespace Foresight.Client.Tests;

public sealed class VaultAssetTests
{
    private static readonly VaultAsset Shares = VaultAsset.Shares(7, Address.Zero, outcome: 1);

    [Theory]
    [InlineData("12.50", "12.5")]
    [InlineData("1.1000000", "1.1")]
    [InlineData("100", "100")]
    [InlineData("0.000001", "0.000001")]
    public void AnAmountOfUsdc_HasNoMoreDecimalsThanItsUnit(string given, string text) =>
        Assert.Equal(text, VaultAsset.Usdc.Text(decimal.Parse(given, CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("12.500", "12.5")]
    [InlineData("100.00", "100")]
    [InlineData("0.01", "0.01")]
    public void AnAmountOfShares_HasNoMoreDecimalsThanItsUnit(string given, string text) =>
        Assert.Equal(text, Shares.Text(decimal.Parse(given, CultureInfo.InvariantCulture)));
}
