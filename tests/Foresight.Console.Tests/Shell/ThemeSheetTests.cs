using System.Text.RegularExpressions;
using Foresight.Console.Shell;
using Microsoft.AspNetCore.Mvc.Testing;

namespace Foresight.Console.Tests.Shell;

public sealed partial class ThemeSheetTests(HttpTests.Host console) : IClassFixture<HttpTests.Host>
{
    private readonly HttpClient _browser = console.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });

    [Fact]
    public void Colours_AreResolvedByTheBrowser_AndTheRestFollowsTheSameChoice() =>
        Assert.Equal(
            ":root{--mud-a:light-dark(#fff,rgba(1,2,3,0.5));--mud-b:1px;--mud-c-rgb:1,2,3;}\n"
                + "@media (prefers-color-scheme:dark){:root[data-theme=auto]{--mud-c-rgb:4,5,6;}}\n"
                + ":root[data-theme=dark]{--mud-c-rgb:4,5,6;}\n",
            ThemeSheet.Combine(
                [new("--mud-a", "#fff"), new("--mud-b", "1px"), new("--mud-c-rgb", "1,2,3")],
                [new("--mud-a", "rgba(1,2,3,0.5)"), new("--mud-b", "1px"), new("--mud-c-rgb", "4,5,6")]
            )
        );

    [Fact]
    public async Task Page_LinksTheSheet_AndHasNoStyleElement()
    {
        var page = await _browser.GetStringAsync("/sign-in");
        Assert.DoesNotContain("<style", page, StringComparison.Ordinal);
        var address = SheetLink().Match(page).Groups[1].Value;
        Assert.StartsWith("/theme.css?v=", address, StringComparison.Ordinal);

        using var answer = await _browser.GetAsync(address);
        Assert.Equal("text/css", answer.Content.Headers.ContentType!.MediaType);
        Assert.Contains("immutable", answer.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
    }

    /// <summary>The same colour under two names would drift apart.</summary>
    [Theory]
    [InlineData("background", "ground")]
    [InlineData("surface", "surface")]
    [InlineData("background-gray", "surface-2")]
    [InlineData("lines-default", "line")]
    [InlineData("lines-inputs", "line-strong")]
    [InlineData("text-primary", "text")]
    [InlineData("text-secondary", "text-2")]
    [InlineData("primary", "accent")]
    [InlineData("success", "good")]
    [InlineData("info", "busy")]
    [InlineData("warning", "watch")]
    [InlineData("error", "bad")]
    public async Task LibrarysColours_AreOurs(string theirs, string ours)
    {
        var theme = await _browser.GetStringAsync("/theme.css");
        var own = await _browser.GetStringAsync("/console.css");
        Assert.Equal(Pair(own, $"--{ours}: light-dark("), Pair(theme, $"--mud-palette-{theirs}:light-dark("));
    }

    private static (string Light, string Dark) Pair(string css, string start)
    {
        var from = css.IndexOf(start, StringComparison.Ordinal);
        Assert.True(from >= 0, start);
        var colours = OneColour().Matches(css[(from + start.Length)..css.IndexOf(';', from)]).Select(match => Hex(match.Value)).ToList();
        return (colours[0], colours[1]);
    }

    private static string Hex(string colour) =>
        colour[0] == '#'
            ? colour
            : "#" + string.Concat(Number().Matches(colour).Take(3).Select(match => int.Parse(match.Value).ToString("x2")));

    [GeneratedRegex("href=\"(/theme.css[^\"]*)\"")]
    private static partial Regex SheetLink();

    [GeneratedRegex(@"#[0-9a-f]{6}|rgba\([^)]*\)")]
    private static partial Regex OneColour();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();
}
