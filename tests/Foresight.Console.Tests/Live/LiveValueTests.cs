using Foresight.Console.Api;
using Foresight.Console.Live;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Console.Tests.Live;

public sealed class LiveValueTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Failure_KeepsTheValue_AndSaysSinceWhenItIsOld()
    {
        var value = new LiveValue<string>();
        value.Set("seven", Noon);
        value.Fail("no answer", Noon.AddSeconds(3));
        value.Fail("still none", Noon.AddSeconds(4));
        Assert.Equal(
            ("seven", true, Noon, Noon.AddSeconds(3), "still none"),
            (value.Value, value.IsStale, value.ReadAt!.Value, value.FailingSince!.Value, value.Failure)
        );

        value.Set("eight", Noon.AddSeconds(5));
        Assert.Equal(("eight", false, (DateTimeOffset?)null), (value.Value, value.IsStale, value.FailingSince));
    }

    [Fact]
    public void APartOfAnotherSource_IsAsOldAsTheNodeThatReadsItSays()
    {
        var leases = new SourceFreshness("Redis");
        leases.Take(new SourceView(SourceView.Up, Noon), Noon);
        Assert.Equal((true, false), (leases.HasValue, leases.IsStale));

        leases.Take(new SourceView(SourceView.Down, Noon.AddSeconds(-4)), Noon.AddSeconds(5));
        Assert.Equal((true, Noon.AddSeconds(-4), Noon.AddSeconds(5)), (leases.IsStale, leases.ReadAt!.Value, leases.FailingSince!.Value));

        // Another node answers, which has never read the source: it has no value, rather than an old one.
        leases.Take(new SourceView(SourceView.Down, null), Noon.AddSeconds(6));
        Assert.Equal((false, true), (leases.HasValue, leases.IsStale));

        leases.Take(new SourceView(SourceView.Up, Noon.AddSeconds(7)), Noon.AddSeconds(7));
        Assert.Equal((true, false), (leases.HasValue, leases.IsStale));
    }

    [Theory]
    [InlineData(0.4, "now")]
    [InlineData(12, "12 s ago")]
    [InlineData(600, "10 min ago")]
    [InlineData(-30, "now")]
    public void Age_IsInWords(double seconds, string expected) => Assert.Equal(expected, Format.Age(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData("12345.5", 0, "12,345.5")]
    [InlineData("3", 2, "3.00")]
    [InlineData("0.0001", 0, "0.0001")]
    [InlineData(null, 2, "–")]
    public void Number_IsExact_WithSeparators(string? exact, int decimals, string expected) =>
        Assert.Equal(expected, Format.Number(exact, decimals));

    [Fact]
    public void AddressesOfTheApi_ComeFromTheAppModel_OrFromAPlainList()
    {
        Assert.Equal(
            [new Uri("http://a:1"), new Uri("http://b:2")],
            Addresses(
                    ("services:api-2:http:0", "http://b:2"),
                    ("services:api-1:http:0", "http://a:1"),
                    ("services:chain:http:0", "http://c:3")
                )
                .InOrder()
        );
        Assert.Equal([new Uri("http://x:1"), new Uri("http://y:2")], Addresses(("API_URLS", "http://x:1, http://y:2")).InOrder());
        Assert.Throws<SettingException>(() => Addresses());
        Assert.Throws<SettingException>(() => Addresses(("API_URLS", "x:1")));
    }

    private static ApiAddresses Addresses(params (string Name, string? Value)[] settings) =>
        ApiAddresses.FromConfiguration(
            new ConfigurationBuilder()
                .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, setting.Value)))
                .Build()
        );
}
