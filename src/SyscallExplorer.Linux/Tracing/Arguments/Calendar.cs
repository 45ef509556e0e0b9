using System.Globalization;

namespace SyscallExplorer.Linux;

/// <summary>Seconds since 1970 as a date, in UTC and over the whole range of 64 bits.</summary>
internal static class Calendar
{
    /// <summary>Such as <c> /* 1970-01-01T00:00:03+0000 */</c>; nothing for the beginning itself or a fraction of more than a second.</summary>
    /// <param name="seconds">Since 1970.</param>
    /// <param name="fraction">Parts of the second.</param>
    /// <param name="digits">How many decimal digits the fraction has.</param>
    public static string Comment(long seconds, long fraction, int digits)
    {
        const long secondsOfDay = 86_400, secondsOfHour = 3600, secondsOfMinute = 60;
        long parts = (long)Math.Pow(10, digits);
        if ((seconds == 0 && fraction == 0) || fraction < 0 || (digits > 0 && fraction >= parts))
            return "";
        long days = Math.DivRem(seconds, secondsOfDay, out long time);
        if (time < 0)
        {
            days--;
            time += secondsOfDay;
        }

        (long year, int month, int day) = Date(days);
        string rest = fraction == 0 ? "" : "." + fraction.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
        return year is < int.MinValue or > int.MaxValue ? "" : string.Create(CultureInfo.InvariantCulture,
            $" /* {year:0000}-{month:00}-{day:00}T{time / secondsOfHour:00}:{time % secondsOfHour / secondsOfMinute:00}:{time % secondsOfMinute:00}{rest}+0000 */");
    }

    /// <summary>Counts from 1 March of the year 0, so that a leap day ends its year and 400 years repeat.</summary>
    private static (long Year, int Month, int Day) Date(long daysSince1970)
    {
        const long daysBefore1970 = 719_468, daysOfEra = 146_097;
        long days = daysSince1970 + daysBefore1970;
        long era = (days >= 0 ? days : days - daysOfEra + 1) / daysOfEra;
        long dayOfEra = days - era * daysOfEra;
        long yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        long dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        long shifted = (5 * dayOfYear + 2) / 153;
        int day = (int)(dayOfYear - (153 * shifted + 2) / 5 + 1), month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day);
    }
}
