using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Flannel.Core.Configuration.Options;

/// <summary>Bounds of a <see cref="TimeSpan"/> option. The framework's own range attribute converts by reflection, which trimming breaks.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TimeSpanRangeAttribute(string minimum, string maximum) : ValidationAttribute
{
    public string Minimum { get; } = minimum;

    public string Maximum { get; } = maximum;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        if (value is TimeSpan span && span >= Parse(Minimum) && span <= Parse(Maximum)) return ValidationResult.Success;
        return new ValidationResult($"{validationContext.MemberName} is {value}; it must be between {Minimum} and {Maximum}");
    }

    private static TimeSpan Parse(string text) => TimeSpan.Parse(text, CultureInfo.InvariantCulture);
}
