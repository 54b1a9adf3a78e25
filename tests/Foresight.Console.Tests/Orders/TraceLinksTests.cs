using Foresight.Console.Orders;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Console.Tests.Orders;

public sealed class TraceLinksTests
{
    [Theory]
    [InlineData("https://traces.example/trace/{id}?from=1h", "ab12", "https://traces.example/trace/ab12?from=1h")]
    [InlineData("http://127.0.0.1:16686/trace/{id}", "a/b", "http://127.0.0.1:16686/trace/a%2Fb")]
    [InlineData(null, "ab12", null)]
    [InlineData("https://traces.example/{id}", null, null)]
    public void Link_HasTheIdInItsPlace(string? setting, string? id, string? link) => Assert.Equal(link, Of(setting).Of(id));

    [Theory]
    [InlineData("https://traces.example/")]
    [InlineData("/trace/{id}")]
    [InlineData("javascript:alert({id})")]
    public void AddressThatCannotBeOne_EndsTheStart(string setting) =>
        Assert.Contains("TRACE_URL", Assert.Throws<SettingException>(() => Of(setting)).Message, StringComparison.Ordinal);

    private static TraceLinks Of(string? setting) =>
        new(new ConfigurationBuilder().AddInMemoryCollection([new("TRACE_URL", setting)]).Build());
}
