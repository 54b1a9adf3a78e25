using System.Net;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class ConsoleAccessTests(StackFixture stack) : IAsyncLifetime
{
    private ConsoleBrowser _browser = null!;

    private Uri Console => stack.App.GetEndpoint("console");

    public async Task InitializeAsync() => _browser = await ConsoleBrowser.StartAsync(Console);

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task WrongKey_IsRefused_AndTheRightOneIsNot()
    {
        var page = await _browser.VisitAsync();
        await ConsoleBrowser.FillInAsync(page, "Ada", stack.AdminKey[..^1] + "x");
        await page.GetByRole(AriaRole.Alert).GetByText("does not accept this key").WaitForAsync();
        Assert.Contains("/sign-in", page.Url, StringComparison.Ordinal);
        Assert.DoesNotContain(await page.Context.CookiesAsync(), cookie => cookie.Name == "foresight-console");

        await ConsoleBrowser.FillInAsync(page, "Ada", stack.AdminKey);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Overview" }).WaitForAsync();
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/database")]
    [InlineData("/markets/1")]
    [InlineData("/reconciliation?state=open")]
    public async Task NothingButSignIn_IsShownToStrangers(string path)
    {
        using var http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using var response = await http.GetAsync(new Uri(Console, path));
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        Assert.Contains("/sign-in", response.Headers.Location!.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A circuit is not a page, so a stranger is refused instead of being redirected to the sign-in page.</summary>
    [Fact]
    public async Task Circuit_IsShutToStrangers()
    {
        using var response = await stack.Http.GetAsync(new Uri(Console, "/_blazor/negotiate"));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task EveryAnswer_TellsTheBrowserWhatItMayNotDo()
    {
        using var response = await stack.Http.GetAsync(new Uri(Console, "/sign-in"));
        var policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task AnotherSitesRequest_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Console, "/sign-in"))
        {
            Content = new FormUrlEncodedContent([new("_handler", "sign-in"), new("Form.Operator", "Eve"), new("Form.Key", stack.AdminKey)]),
        };
        request.Headers.Add("Origin", "https://elsewhere.example");
        using var foreign = await stack.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);

        // Without an origin, as from a script: the antiforgery token is missing.
        using var withoutToken = new HttpRequestMessage(HttpMethod.Post, new Uri(Console, "/sign-in"))
        {
            Content = new FormUrlEncodedContent([new("_handler", "sign-in"), new("Form.Operator", "Eve"), new("Form.Key", stack.AdminKey)]),
        };
        using var refused = await stack.Http.SendAsync(withoutToken);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task SigningOut_EndsEveryPageOfTheSession_AndTheKeyWasNeverInTheBrowser()
    {
        var page = await _browser.VisitAsync();
        var seen = new List<string>();
        page.Response += (_, response) => seen.Add(response.Url);
        page.WebSocket += (_, socket) =>
            socket.FrameReceived += (_, frame) => seen.Add(frame.Text ?? System.Text.Encoding.Latin1.GetString(frame.Binary ?? []));
        await ConsoleBrowser.FillInAsync(page, "Grace", stack.AdminKey);
        await page.GetByTestId("leader").WaitForAsync();
        var other = await page.Context.NewPageAsync();
        await other.GotoAsync("/database");
        await other.GetByRole(AriaRole.Table, new() { Name = "Database servers" }).WaitForAsync();

        Assert.DoesNotContain(stack.AdminKey, await page.ContentAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain(await page.Context.CookiesAsync(), cookie => cookie.Value.Contains(stack.AdminKey, StringComparison.Ordinal));
        Assert.NotEmpty(seen);
        Assert.DoesNotContain(seen, text => text.Contains(stack.AdminKey, StringComparison.Ordinal));

        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.WaitForURLAsync(url => url.Contains("/sign-in?signedOut=true", StringComparison.Ordinal));
        await other.WaitForURLAsync(url => url.Contains("/sign-in?signedOut=true", StringComparison.Ordinal));
        await Expect(other.GetByText("You are signed out.")).ToBeVisibleAsync();
    }
}
