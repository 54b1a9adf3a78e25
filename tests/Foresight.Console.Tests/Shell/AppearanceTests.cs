using Bunit;
using Foresight.Console.Live;
using Foresight.Console.Shell;
using Foresight.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Foresight.Console.Tests.Shell;

public sealed class AppearanceTests : ConsoleContext
{
    [Theory]
    [InlineData("/trades?market=7", "/trades?market=7")]
    [InlineData("/", "/")]
    [InlineData(null, "/")]
    [InlineData("", "/")]
    [InlineData("trades", "/")]
    // A stranger's link must not end on a stranger's page.
    [InlineData("https://elsewhere.example/", "/")]
    [InlineData("//elsewhere.example", "/")]
    [InlineData("/\\elsewhere.example", "/")]
    public void AfterTheChoice_ThePageIsTheOneBefore_AndNeverOneElsewhere(string? returnUrl, string expected)
    {
        var result = Assert.IsType<RedirectHttpResult>(Appearance.Set(new DefaultHttpContext(), "dark", returnUrl));
        Assert.Equal((expected, true), (result.Url, result.AcceptLocalUrlOnly));
    }

    [Theory]
    [InlineData("light", "foresight-appearance=light;")]
    [InlineData("dark", "foresight-appearance=dark;")]
    [InlineData("purple", "expires=Thu, 01 Jan 1970")]
    [InlineData(null, "expires=Thu, 01 Jan 1970")]
    public void AChoice_IsKept_AndAnotherWordIsTheBrowsers(string? theme, string cookie)
    {
        var http = new DefaultHttpContext();
        Appearance.Set(http, theme, "/");
        Assert.Contains(cookie, http.Response.Headers.SetCookie.ToString());
    }

    [Theory]
    [InlineData("foresight-appearance=dark", "dark")]
    [InlineData("foresight-appearance=light", "light")]
    [InlineData("foresight-appearance=dark\" onload=\"x", null)]
    [InlineData("", null)]
    public void ACookieThatSomebodyWroteByHand_IsNoTheme(string cookie, string? theme)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Cookie = cookie;
        Assert.Equal(theme, Appearance.Of(http));
        Assert.Null(Appearance.Of(null));
    }

    [Fact]
    public void TheLeader_IsOnEveryPage_AndCalledUnknownWhenNobodyCanSay()
    {
        var cluster = new LiveValue<ClusterStatus>();
        Assert.Equal("", Text(Chip()));

        cluster.Set(Samples.Cluster(Samples.Leader()), Samples.Noon);
        Assert.Equal("active matching-1 epoch 1,012", Text(Chip()));
        cluster.Fail("no node answers", Samples.Noon);
        Assert.Equal("unknown matching-1 epoch 1,012", Text(Chip()));

        cluster.Set(Samples.Cluster(leader: null), Samples.Noon);
        Assert.Equal("no leader orders wait for a take-over", Text(Chip()));
        cluster.Fail("no node answers", Samples.Noon);
        Assert.Equal("unknown nobody says who leads", Text(Chip()));

        IRenderedComponent<LeaderChip> Chip() => Render<LeaderChip>(set => set.Add(chip => chip.Cluster, cluster));
    }
}
