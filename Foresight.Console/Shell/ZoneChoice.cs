using Foresight.Console.Live;

namespace Foresight.Console.Shell;

/// <summary>
/// In which zone times are written. Only the browser knows its zone, so its script puts the name into the link (wwwroot/hands.js), and the
/// cookie has the name: the first byte of the next page is right.
/// </summary>
public static class ZoneChoice
{
    public const string Path = "/zone";

    public const string Utc = "utc";

    /// <summary>In the link until the script replaces it by the name of the browser's zone.</summary>
    public const string OfBrowser = "browser";

    private const string CookieName = "foresight-zone";

    /// <returns>Name in the tz database; null is UTC.</returns>
    public static string? Of(HttpContext? context) =>
        context?.Request.Cookies[CookieName] is { } name && Times.Find(name) is not null ? name : null;

    public static IResult Set(HttpContext context, string? zone, string? returnUrl)
    {
        LocalReturn.Keep(context, CookieName, Times.Find(zone) is null || zone == Utc ? null : zone);
        return LocalReturn.To(returnUrl);
    }
}
