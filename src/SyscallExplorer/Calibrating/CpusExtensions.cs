using SyscallExplorer.Machine;

namespace SyscallExplorer;

/// <summary>Processors that are made from measurements.</summary>
public static class CpusExtensions
{
    extension(Cpus)
    {
        /// <summary>The model of the reader's own machine: that of the nearest core, with its ways into the kernel fitted to a measurement.</summary>
        /// <param name="measurement">Made by <see cref="Native.Measure"/>, here or elsewhere.</param>
        /// <returns>The model; <see cref="Calibration.Of"/> gives what is left over besides.</returns>
        /// <exception cref="ArgumentException">The measurement has nothing to fit to; the message says why.</exception>
        public static CpuModel Calibrated(NativeMeasurement measurement) => Calibration.Of(measurement).Cpu;
    }
}
