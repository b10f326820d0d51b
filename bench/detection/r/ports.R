# What R surveillance says of its own data sets, for the ports to be compared with.
#
# Argument: a folder. Writes series.csv (series, day, count), ears.csv, farrington.csv, glr.csv and
# cusum.csv there; figures with 15 digits. A day is a date, or a week's number where R has no date.
suppressMessages(library(surveillance))
folder <- commandArgs(TRUE)[1]
data("salmNewport", "campyDE", "salmonella.agona", "husO104Hosp", package = "surveillance")

weekly_dates <- function(sts) format(as.Date(sts@epoch, origin = "1970-01-01"))
onset <- as.Date(husO104Hosp$dHosp)
days <- seq(min(onset, na.rm = TRUE), max(onset, na.rm = TRUE), by = "day")
newport <- observed(salmNewport)
series <- list(
  newport_all = list(day = weekly_dates(salmNewport), count = rowSums(newport)),
  newport_bavaria = list(day = weekly_dates(salmNewport), count = newport[, "Bavaria"]),
  newport_berlin = list(day = weekly_dates(salmNewport), count = newport[, "Berlin"]),
  campylobacter = list(day = format(as.Date(campyDE$date)), count = campyDE$case),
  agona = list(day = as.character(1:312), count = as.numeric(salmonella.agona$observed)),
  hus_daily = list(day = format(days), count = as.numeric(table(factor(format(onset), format(days)))))
)
put <- function(rows, name) {
  rows <- do.call(rbind, rows)
  number <- vapply(rows, is.double, TRUE)
  rows[number] <- lapply(rows[number], function(x) ifelse(is.na(x), "", sprintf("%.15g", x)))
  write.csv(rows, file.path(folder, name), row.names = FALSE, quote = FALSE)
}
sts_of <- function(one) {
  if (grepl("-", one$day[1], fixed = TRUE)) {
    sts(observed = as.numeric(one$count), epoch = as.numeric(as.Date(one$day)), epochAsDate = TRUE,
      frequency = 52, start = c(2000, 1))
  } else {
    sts(observed = as.numeric(one$count), frequency = 52, start = c(2000, 1))
  }
}
named <- function(name) series[[name]]
put(lapply(names(series), function(name) {
  data.frame(series = name, day = named(name)$day, count = as.integer(named(name)$count))
}), "series.csv")

put(unlist(lapply(c("hus_daily", "newport_bavaria", "campylobacter"), function(name) {
  lapply(c("C1", "C2", "C3"), function(method) {
    said <- earsC(sts_of(named(name)), list(method = method, minSigma = 0.5,
      alpha = if (method == "C3") 0.025 else 0.001))
    first <- length(named(name)$count) - nrow(said) + 1
    data.frame(series = name, method = method, place = first - 1 + seq_len(nrow(said)) - 1L,
      bound = as.double(upperbound(said)), alarm = as.integer(alarms(said)))
  })
}), recursive = FALSE), "ears.csv")

put(unlist(lapply(c("newport_all", "newport_bavaria", "newport_berlin", "campylobacter", "agona"), function(name) {
  one <- named(name)
  dated <- grepl("-", one$day[1], fixed = TRUE)
  range <- (if (dated) 266 else 264):length(one$count)
  lapply(list(list(alpha = 0.01, limit54 = c(0, 4)), list(alpha = 0.05, limit54 = c(5, 4))), function(setting) {
    said <- suppressWarnings(farringtonFlexible(sts_of(one), c(setting, list(range = range, b = 5, w = 3,
      reweight = TRUE, weightsThreshold = 2.58, trend = TRUE, pThresholdTrend = 1, powertrans = "2/3",
      glmWarnings = FALSE, noPeriods = 10, pastWeeksNotIncluded = 26, thresholdMethod = "nbPlugin"))))
    data.frame(series = name, alpha = setting$alpha, cases_min = as.integer(setting$limit54[1]),
      place = range - 1L, mean = said@control$mu0Vector[, 1], phi = said@control$phiVector[, 1],
      bound = as.double(upperbound(said)), alarm = as.integer(alarms(said)))
  })
}), recursive = FALSE), "farrington.csv")

monitored <- function(name) 265:length(named(name)$count)
glr <- function(name, chart, ...) {
  range <- monitored(name)
  control <- list(range = range, mu0 = list(S = 2, trend = TRUE), ret = "value", ...)
  said <- suppressMessages(suppressWarnings(glrnb(sts_of(named(name)), control)))
  data.frame(series = name, chart = chart, place = range - 1L, mean = as.double(said@control$mu0),
    dispersion = said@control$alpha, statistic = as.double(upperbound(said)),
    alarm = as.integer(alarms(said)))
}
put(unlist(lapply(c("newport_bavaria", "campylobacter", "agona"), function(name) list(
  glr(name, "glr M 6 at 4", M = 6, c.ARL = 4),
  glr(name, "glr M 0 at 3", M = 0, c.ARL = 3),
  glr(name, "poisson glr at 5", alpha = 0, c.ARL = 5),
  glr(name, "rise 1.5 at 3", theta = log(1.5), c.ARL = 3)
)), recursive = FALSE), "glr.csv")

put(unlist(lapply(c("newport_bavaria", "campylobacter", "agona"), function(name) {
  lapply(c("standard", "rossi", "anscombe", "pearsonNegBin"), function(trans) {
    range <- monitored(name)
    control <- list(range = range, k = 1.04, h = 2.26, m = "glm", trans = trans, alpha = 0.1)
    old <- sts2disProg(sts_of(named(name)))
    said <- surveillance:::algo.cusum(old, control)
    data.frame(series = name, trans = trans, place = range - 1L, mean = as.double(said$control$m),
      statistic = as.double(said$cusum), alarm = as.integer(said$alarm))
  })
}), recursive = FALSE), "cusum.csv")

writeLines(c(R.version.string, paste("surveillance", packageVersion("surveillance"))), file.path(folder, "versions.txt"))
