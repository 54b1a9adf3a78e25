namespace Foresight.Console.Shell;

/// <summary>Light or dark theme. Without a choice the browser's preference applies, through style sheets alone.</summary>
public static class Appearance
{
    public const string Path = "/appearance";

    private const string CookieName = "foresight-appearance";

    /// <summary>light, dark, or null for the browser's preference.</summary>
    public static string? Of(HttpContext? context) =>
        context?.Request.Cookies[CookieName] is "light" or "dark" ? context.Request.Cookies[CookieName] : null;

    public static IResult Set(HttpContext context, string? theme, string? returnUrl)
    {
        if (theme is "light" or "dark")
            context.Response.Cookies.Append(
                CookieName,
                theme,
                new CookieOptions
                {
                    HttpOnly = true,
                    SameSite = SameSiteMode.Lax,
                    MaxAge = TimeSpan.FromDays(365),
                }
            );
        else
            context.Response.Cookies.Delete(CookieName);

        return Results.LocalRedirect(returnUrl is ['/', not ('/' or '\\'), ..] ? returnUrl : "/");
    }
}
