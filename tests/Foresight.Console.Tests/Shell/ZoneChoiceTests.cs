using Bunit;
using Foresight.Console.Shell;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Foresight.Console.Tests.Shell;

public sealed class ZoneChoiceTests : ConsoleContext
{
    [Theory]
    [InlineData("Europe/Berlin", "foresight-zone=Europe%2FBerlin;")]
    [InlineData("utc", "expires=Thu, 01 Jan 1970")]
    // Without its script the browser does not name its zone.
    [InlineData("browser", "expires=Thu, 01 Jan 1970")]
    [InlineData("../../etc/passwd", "expires=Thu, 01 Jan 1970")]
    [InlineData(null, "expires=Thu, 01 Jan 1970")]
    public void Zone_IsKept_AndWhatIsNoneIsUtc(string? zone, string cookie)
    {
        var http = new DefaultHttpContext();
        var result = Assert.IsType<RedirectHttpResult>(ZoneChoice.Set(http, zone, "/trades?market=7"));
        Assert.Contains(cookie, http.Response.Headers.SetCookie.ToString());
        Assert.Equal("/trades?market=7", result.Url);
    }

    [Fact]
    public void Choice_DoesNotLeadToAnotherSite() =>
        Assert.Equal("/", Assert.IsType<RedirectHttpResult>(ZoneChoice.Set(new DefaultHttpContext(), "utc", "//elsewhere.example")).Url);

    [Theory]
    [InlineData("foresight-zone=Europe%2FBerlin", "Europe/Berlin")]
    [InlineData("foresight-zone=../../etc/passwd", null)]
    [InlineData("", null)]
    public void CookieThatSomebodyWroteByHand_IsNoZone(string cookie, string? zone)
    {
        var http = new DefaultHttpContext();
        http.Request.Headers.Cookie = cookie;
        Assert.Equal(zone, ZoneChoice.Of(http));
        Assert.Null(ZoneChoice.Of(null));
    }

    [Fact]
    public void Switch_LeadsToTheOtherOne_AndBackToThisPage()
    {
        var before = Render<ZoneSwitch>(set => set.Add(shown => shown.Here, "/trades?market=7"));
        Assert.Equal("UTC", Text(before));
        Assert.Equal(["/zone?zone=browser&returnUrl=%2Ftrades%3Fmarket%3D7"], Links(before));

        ChooseZone("Europe/Berlin");
        var after = Render<ZoneSwitch>(set => set.Add(shown => shown.Here, "/"));
        Assert.Equal("Local", Text(after));
        Assert.Equal(["/zone?zone=utc&returnUrl=%2F"], Links(after));
    }
}
