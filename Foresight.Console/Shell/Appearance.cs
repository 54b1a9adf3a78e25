namespace Foresight.Console.Shell;

/// <summary>Without a choice the style sheets follow the browser's preference, so no script is needed.</summary>
public static class Appearance
{
    public const string Path = "/appearance";

    private const string CookieName = "foresight-appearance";

    public static string? Of(HttpContext? context) =>
        context?.Request.Cookies[CookieName] is "light" or "dark" ? context.Request.Cookies[CookieName] : null;

    public static IResult Set(HttpContext context, string? theme, string? returnUrl)
    {
        LocalReturn.Keep(context, CookieName, theme is "light" or "dark" ? theme : null);
        return LocalReturn.To(returnUrl);
    }
}
