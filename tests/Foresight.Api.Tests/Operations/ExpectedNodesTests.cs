using Foresight.Api.Operations;
using Foresight.ServiceDefaults.Hosting;
using Microsoft.Extensions.Configuration;

namespace Foresight.Api.Tests.Operations;

public sealed class ExpectedNodesTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData(" ", "")]
    [InlineData("matching=3,api=2", "api 2, matching 3")]
    [InlineData(" matching=0 , ", "matching 0")]
    public void Setting_IsACountOfEachKind(string? setting, string expected) =>
        Assert.Equal(
            expected,
            string.Join(
                ", ",
                (Of(setting).ByKind ?? new Dictionary<string, int>()).OrderBy(kind => kind.Key).Select(kind => $"{kind.Key} {kind.Value}")
            )
        );

    [Theory]
    [InlineData("matching")]
    [InlineData("matching=three")]
    [InlineData("matching=-1")]
    [InlineData("matching=1001")]
    [InlineData("gateway=1")]
    [InlineData("api=1,api=2")]
    public void WhatIsNoCount_EndsTheStart(string setting) =>
        Assert.Contains("EXPECTED_NODES", Assert.Throws<SettingException>(() => Of(setting)).Message, StringComparison.Ordinal);

    private static ExpectedNodes Of(string? setting) =>
        new(new ConfigurationBuilder().AddInMemoryCollection([new("EXPECTED_NODES", setting)]).Build());
}
