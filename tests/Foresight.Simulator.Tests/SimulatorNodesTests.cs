using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Simulator.Tests;

public sealed class SimulatorNodesTests
{
    [Theory]
    [InlineData("http://a/ http://b/base/ http://a/", "API_URLS=http://a, http://b/base")]
    [InlineData("http://one/ http://two/ http://one/", "services:api-2:http:0=http://two", "services:api-1:http:0=http://one")]
    [InlineData("http://a/ http://a/ http://a/", "API_URLS=http://a", "services:api-1:http:0=http://one")]
    public void TheNodes_AreTakenInTurn(string expected, params string[] settings)
    {
        var nodes = SimulatorNodes.From(Configuration(settings));
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, 3).Select(_ => nodes.Next())));
    }

    [Theory]
    [InlineData("API_URLS is not set: it lists the addresses of the Api nodes, separated by commas.")]
    [InlineData("API_URLS is not set: it lists the addresses of the Api nodes, separated by commas.", "API_URLS=,")]
    [InlineData("API_URLS must be absolute http or https URLs, separated by commas; \"b:80\" is none.", "API_URLS=http://a,b:80")]
    public void WithoutAnAddress_OrWithAWrongOne_TheErrorSaysSo(string expected, params string[] settings) =>
        Assert.Equal(expected, Assert.Throws<SettingException>(() => SimulatorNodes.From(Configuration(settings))).Message);

    private static IConfiguration Configuration(string[] settings) =>
        new ConfigurationBuilder()
            .AddInMemoryCollection(
                settings.Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], (string?)pair[1]))
            )
            .Build();
}
