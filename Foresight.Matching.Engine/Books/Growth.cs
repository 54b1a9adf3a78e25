namespace Foresight.Matching.Engine.Books;

internal static class Growth
{
    /// <summary>
    /// Doubles while small; grows by a quarter when large, so that a book of a million orders holds at most a quarter more than it uses.
    /// </summary>
    public static int Next(int capacity) => capacity < 65_536 ? checked(capacity * 2) : checked(capacity + (capacity >> 2));
}
