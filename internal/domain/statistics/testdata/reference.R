# Makes reference.csv.gz: 1,000 random data sets with what R says about them, to
# 17 significant digits. Run in this folder: Rscript reference.R
# Made with R 4.2.2 and survival 3.5-3; not needed to run the tests.
#
# A row is one data set. Lists inside a field are separated by blanks.
library(survival)
set.seed(20260630, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

digits <- function(x) paste(ifelse(is.na(x), "NA", sprintf("%.17g", as.numeric(x))), collapse = " ")
bands <- c("plain", "log", "log-log")

one <- function(id) {
  level <- sample(c(0.9, 0.95, 0.99, 0.998), 1, prob = c(1, 4, 1, 2))
  n <- sample(c(2:12, 20, 40, 60), 1)
  # coarse times make ties; some sets have few events, some no censoring
  coarse <- sample(c(1, 0.5, 0.1), 1)
  time <- pmax(round(rexp(n, 1 / sample(c(4, 12, 30), 1)) / coarse) * coarse, 0)
  status <- sample(0:2, n, replace = TRUE, prob = c(runif(1), runif(1) + 0.1, sample(c(0, 0.3), 1)))
  group <- sample(1:2, n, replace = TRUE)
  distinct <- unique(time)
  at <- sort(distinct[sample.int(length(distinct), min(5, length(distinct)))])

  event <- as.integer(status == 1)
  km <- NULL; middle <- NULL
  for (b in bands) {
    f <- survfit(Surv(time, event) ~ 1, conf.type = b, conf.int = level)
    i <- vapply(at, function(a) which.min(abs(f$time - a)), 1L)
    if (b == "plain") km <- c(f$surv[i], f$surv[i] * f$std.err[i])
    km <- c(km, f$lower[i], f$upper[i])
    middle <- c(middle, summary(f)$table[7:9])
  }

  states <- survfit(Surv(time, factor(status, 0:2, c("none", "event", "other"))) ~ 1)
  j <- vapply(at, function(a) which.min(abs(states$time - a)), 1L)
  incidence <- c(states$pstate[j, 2], states$pstate[j, 3])

  rank <- rep(NA, 5)
  if (length(unique(group)) == 2 && sum(event) > 0) {
    d <- tryCatch(survdiff(Surv(time, event) ~ group), error = function(e) NULL)
    if (!is.null(d) && all(d$exp > 0) && d$var[1, 1] > 1e-12) {
      rank <- c(d$obs[1], d$exp[1], d$var[1, 1], d$chisq, pchisq(d$chisq, 1, lower.tail = FALSE))
    }
  }

  total <- round(exp(runif(1, 0, log(5000))))
  k <- rbinom(1, total, sample(c(0, 0.01, 0.05, 0.3, 0.5, 0.9, 1), 1))
  share <- c(binom.test(k, total, conf.level = level)$conf.int,
             suppressWarnings(prop.test(k, total, conf.level = level, correct = FALSE))$conf.int)
  years <- round(runif(1, 1, 2000), 2)
  count <- rpois(1, years * sample(c(0, 0.005, 0.05, 0.5), 1))
  rate <- c(count / years, poisson.test(count, years, conf.level = level)$conf.int)
  quarters <- quantile(time, c(0.1, 0.25, 0.5, 0.75, 0.9), type = 7, names = FALSE)

  data.frame(id, level, times = digits(time), status = digits(status), group = digits(group), at = digits(at),
             km = digits(km), median = digits(middle), incidence = digits(incidence), logrank = digits(rank),
             events = k, total, share = digits(share), count, years = digits(years), rate = digits(rate), quantiles = digits(quarters))
}

out <- gzfile("reference.csv.gz", "w", compression = 9)
write.csv(do.call(rbind, lapply(1:1000, one)), out, row.names = FALSE, quote = FALSE)
close(out)
