using Foresight.ServiceDefaults.Hosting;

namespace Foresight.ServiceDefaults.Tests.Hosting;

[Trait("Category", "Parts")]
public sealed class SettingsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(true, "CLUSTER_ENABLED=true")]
    [InlineData(false, "CLUSTER_ENABLED=false")]
    public void TheCluster_IsEnabledUnlessItIsSwitchedOff(bool expected, params string[] settings) =>
        Assert.Equal(expected, Configured.By(settings).ClusterEnabled());

    [Theory]
    [InlineData(null, 7)]
    [InlineData("", 7)]
    [InlineData("  ", 7)]
    [InlineData(" 5 ", 5)]
    [InlineData("-3", -3)]
    [InlineData("10", 10)]
    public void AnInteger_IsTheDefaultUnlessItIsSet(string? text, int expected) =>
        Assert.Equal(expected, Configured.Set("A", text).Integer("A", defaultValue: 7, minimum: -3, maximum: 10));

    [Theory]
    [InlineData("11")]
    [InlineData("-4")]
    [InlineData("1.5")]
    [InlineData("0x5")]
    [InlineData("1e3")]
    [InlineData("99999999999999999999")]
    public void AnIntegerOutsideItsBounds_IsRefusedWithThem(string text) =>
        Assert.Equal(
            $"A must be a whole number from -3 to 10, not \"{text}\".",
            Assert.Throws<SettingException>(() => Configured.Set("A", text).Integer("A", 7, -3, 10)).Message
        );

    [Theory]
    [InlineData(5)]
    [InlineData(5, "CHAIN_ID=31337")]
    [InlineData(60, "CHAIN_ID=137")]
    [InlineData(7, "CHAIN_ID=137", "SETTLEMENT_EXPIRY_MARGIN_S=7")]
    [InlineData(0, "SETTLEMENT_EXPIRY_MARGIN_S=0")]
    public void TheMarginBeforeAnExpiry_IsLongerWhereBlocksAreNotOurs(int expected, params string[] settings) =>
        Assert.Equal(expected, Configured.By(settings).ExpiryMarginSeconds());

    [Fact]
    public void Milliseconds_AreATime_WithBoundsInMilliseconds()
    {
        var (second, minute) = (TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromMilliseconds(1_500), Configured.By("A_MS=1500").Milliseconds("A_MS", minute, second, minute));
        Assert.Equal(minute, Configured.By().Milliseconds("A_MS", minute, second, minute));
        Assert.Equal(
            "A_MS must be a whole number from 1000 to 60000, not \"999\".",
            Assert.Throws<SettingException>(() => Configured.By("A_MS=999").Milliseconds("A_MS", minute, second, minute)).Message
        );
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("ON", true)]
    [InlineData("1", true)]
    [InlineData("yes", true)]
    [InlineData("False", false)]
    [InlineData("off", false)]
    [InlineData("0", false)]
    [InlineData("no", false)]
    public void AFlag_HasTheUsualWords(string text, bool expected) =>
        Assert.Equal(expected, Configured.Set("A", text).Flag("A", defaultValue: !expected));

    [Fact]
    public void AFlag_OfAnotherWord_IsRefused() =>
        Assert.Equal(
            "A must be true or false, not \"maybe\".",
            Assert.Throws<SettingException>(() => Configured.By("A=maybe").Flag("A", true)).Message
        );

    [Fact]
    public void ASecret_IsNeverRepeated_AndHasALength()
    {
        var error = Assert.Throws<SettingException>(() => Configured.By("A=hunter2").RequiredSecret("A", "it opens the gateway"));
        Assert.Equal("A must have at least 16 characters; it has 7.", error.Message);
        error = Assert.Throws<SettingException>(() => Configured.By().RequiredSecret("A", "it opens the gateway"));
        Assert.Equal("A is not set: it opens the gateway.", error.Message);
        Assert.Equal("sixteen letters!", Configured.By("A=sixteen letters!").RequiredSecret("A", "it opens the gateway"));
    }

    [Theory]
    [InlineData("localhost:8080")]
    [InlineData("ftp://host/")]
    [InlineData("/path")]
    public void AUrl_ThatIsNotAbsoluteHttp_IsRefused(string text) =>
        Assert.Equal(
            "A must be an absolute http or https URL.",
            Assert.Throws<SettingException>(() => Configured.Set("A", text).OptionalUrl("A")).Message
        );

    [Theory]
    [InlineData("", "")]
    [InlineData("http://a/", "RPC_URL=http://a", "services:chain:http:0=http://b")]
    [InlineData("http://b/", "services:chain:http:0=http://b")]
    [InlineData("https://b/", "services:chain:https:0=https://b")]
    [InlineData("http://c/ https://d/key", "RPC_URLS=http://c, https://d/key,", "RPC_URL=http://a")]
    public void TheChainsEndpoints_AreTheListElseTheOneElseTheService(string expected, params string[] settings) =>
        Assert.Equal(expected, string.Join(' ', Configured.By(settings).OptionalRpcUrls()));

    [Theory]
    [InlineData("RPC_URL is not set: it is the address of the chain's JSON-RPC endpoint (RPC_URLS: of several).", "")]
    [InlineData("RPC_URLS must be absolute http or https URLs, separated by commas.", "RPC_URLS=http://a,b")]
    [InlineData("RPC_URLS must name 1 to 8 endpoints, separated by commas.", "RPC_URLS=,")]
    [InlineData(
        "RPC_URLS must name 1 to 8 endpoints, separated by commas.",
        "RPC_URLS=http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a,http://a"
    )]
    public void WrongEndpoints_AreRefusedWithoutRepeatingAKeyInTheirPath(string expected, string setting) =>
        Assert.Equal(expected, Assert.Throws<SettingException>(() => Configured.By(setting).RpcUrls()).Message);

    [Fact]
    public void TheInstancesOfAService_AreFoundByTheBeginningOfTheirNames_InOrder()
    {
        var configuration = Configured.By(
            "services:api-2:http:0=http://two",
            "services:api-1:http:0=http://one",
            "services:api-1:http:1=http://one-more",
            "services:apis:http:0=http://no",
            "services:chain:http:0=http://no"
        );
        Assert.Equal(["http://one/", "http://one-more/", "http://two/"], configuration.ServiceUrls("api-").Select(url => url.ToString()));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("0", 0L)]
    [InlineData("1000", 1_000_000_000L)]
    public void FourEyes_AreCountedInMicroUsdc(string? usdc, long? expected) =>
        Assert.Equal(expected, Configured.Set("RECONCILIATION_FOUR_EYES_OVER_USDC", usdc).FourEyesOver());
}
